#!/usr/bin/env python3
"""Images a second of bench_backbones beside torchvision's regnet_x_400mf.

    bench/torch_bench.py build/bench/bench_backbones [--rounds R] [--json]

Same machine, same numbers of threads (1 and all), batch 32, one program at a
time, in turn for R rounds; the best call of all rounds counts, so that other
programs disturb little. torchvision runs as written, in the channels_last
layout, and as TorchScript with its layers fused (optimize_for_inference).
RAM is the peak of each process.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import time

BATCH = 32
ENGINES = ("blindfit", "torch eager", "torch channels_last", "torch fused")


def best_seconds(call, seconds):
    call()
    best, end = float("inf"), time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        call()
        best = min(best, time.monotonic() - start)
    return best


def torch_worker(engine, threads, seconds):
    """Runs in a process of its own, so that its peak of memory is its own."""
    import torch
    import torchvision
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = torchvision.models.regnet_x_400mf(weights=None).eval()
    model.fc = torch.nn.Identity()
    pictures = torch.rand(BATCH, 3, 224, 224)
    with torch.no_grad():
        if engine == "torch channels_last":
            model = model.to(memory_format=torch.channels_last)
            pictures = pictures.to(memory_format=torch.channels_last)
        if engine == "torch fused":
            model = torch.jit.optimize_for_inference(
                torch.jit.trace(model, pictures))
            model(pictures)
        best = best_seconds(lambda: model(pictures), seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": best / BATCH, "bytes": peak}))


def run_torch(engine, threads, seconds):
    out = subprocess.run([sys.executable, __file__, "--worker", engine,
                          str(threads), str(seconds)], check=True,
                         stdout=subprocess.PIPE).stdout
    return json.loads(out)


def run_blindfit(program, backbone, threads, seconds):
    """Waits with wait4, which tells the child's own peak."""
    child = subprocess.Popen(
        [program, "--json", "--seconds", str(seconds), "--filter", backbone],
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)})
    row = json.loads(child.stdout.read())[0]
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{program}: status {status}")
    batch = int(row["variant"].split()[1].rstrip(","))
    return {"seconds": row["min_s"] / batch, "bytes": usage.ru_maxrss * 1024}


def measure(options, threads):
    rows = {}
    for _ in range(options.rounds):
        for name in ENGINES + ("scattering",):
            if name.startswith("torch"):
                now = run_torch(name, threads, options.seconds)
            else:
                backbone = "regnet" if name == "blindfit" else name
                now = run_blindfit(options.program, backbone, threads,
                                   options.seconds)
            if name not in rows or now["seconds"] < rows[name]["seconds"]:
                rows[name] = now
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the built bench_backbones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    for threads in sorted({1, os.cpu_count()}):
        rows = measure(options, threads)
        for name, row in rows.items():
            results.append({
                "engine": name, "threads": threads,
                "images_per_second": round(1 / row["seconds"], 1),
                "peak_bytes": row["bytes"],
                "blindfit_is_faster_by": round(
                    row["seconds"] / rows["blindfit"]["seconds"], 2)})
    if options.json:
        print(json.dumps(results, indent=1))
        return
    print(f"{'engine':22} threads  images/s  RAM MB  blindfit is faster by")
    for r in results:
        ratio = r["blindfit_is_faster_by"]
        ratio = "" if r["engine"] in ("blindfit", "scattering") else ratio
        print(f"{r['engine']:22} {r['threads']:7} "
              f"{r['images_per_second']:9.1f} {r['peak_bytes'] / 1e6:7.0f}  "
              f"{ratio}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        torch_worker(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    else:
        main()
