#!/usr/bin/env python3
"""The figures of docs/server.md, "Figures": python3 bench/bench_gateway.py
BLINDFIT_GATEWAY [FOLDER]. Uploads of 1 GB by curl with TLS 1.3 on loopback, to the
gateway and to nginx (if installed); memory; 100 cuts; refusals; latency beside 500
slow connections."""
import base64
import http.client
import multiprocessing
import os
import random
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

program = os.path.abspath(sys.argv[1])
folder = tempfile.mkdtemp(dir=sys.argv[2] if len(sys.argv) > 2 else None)
os.chdir(folder)
SIZE = 10 ** 9
FILE = "/v1/jobs/a/files/upload.bf"
STREAM = {"Content-Type": "application/offset+octet-stream"}

subprocess.run(
    "openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=localhost "
    "-addext subjectAltName=IP:127.0.0.1 -keyout key -out cert && "
    f"head -c {SIZE} /dev/urandom >big && mkdir spool", shell=True, check=True,
    stderr=subprocess.DEVNULL)
tokens = {owner: subprocess.run(
    [program, "token", "add", "spool", owner, "--rate", "1000000"], check=True,
    capture_output=True, text=True).stdout.strip() for owner in ("alice", "bob")}
gateway = subprocess.Popen(
    [program, "serve", "spool", "--listen", "127.0.0.1:0", "--tls-cert", "cert",
     "--tls-key", "key", "--min-free", "1", "--connections", "2000",
     "--connections-per-address", "1500", "--timeout", "300s"],
    stderr=open("log", "w"))
while not (where := re.search(r"127.0.0.1:(\d+)", open("log").read())):
    time.sleep(0.05)
port = int(where[1])
context = ssl.create_default_context(cafile="cert")


def connect():
    return http.client.HTTPSConnection("127.0.0.1", port, context=context)


def request(method, path, headers=(), token=tokens["alice"], body=None, on=None):
    c = on or connect()
    c.request(method, path, body=body, headers={
        "Authorization": "Bearer " + token, "Tus-Resumable": "1.0.0",
        **dict(headers)})
    r = c.getresponse()
    r.read()
    if not on:
        c.close()
    return r


def create():
    name = base64.b64encode(b"upload.bf").decode()
    assert request("POST", "/v1/jobs/a/files", {
        "Upload-Length": str(SIZE), "Content-Length": "0",
        "Upload-Metadata": "filename " + name}).status == 201


def offset():
    return int(request("HEAD", FILE).getheader("Upload-Offset"))


def curl(url, *arguments):
    said = subprocess.run(
        ["curl", "-s", "--cacert", "cert", "-T", "big", "-o", "/dev/null", "-w",
         "%{http_code} %{time_total}", *arguments, url],
        capture_output=True, text=True).stdout.split()
    assert said[0] in ("201", "204"), said
    return float(said[1])


def peak():
    status = open(f"/proc/{gateway.pid}/status").read()
    return int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 1000


# ---- speed and memory: in turns, the first of each not counted ------------------
def nginx():
    os.makedirs("dav", exist_ok=True)
    here = os.getcwd()
    open("nginx.conf", "w").write(
        f"daemon off; user root; pid {here}/pid; error_log {here}/nginx.log; "
        "events {} http { access_log off; server { "
        f"listen 127.0.0.1:18443 ssl; ssl_certificate {here}/cert; "
        f"ssl_certificate_key {here}/key; ssl_protocols TLSv1.3; "
        f"root {here}/dav; client_body_temp_path {here}/dav; "
        "client_max_body_size 0; location / { dav_methods PUT; } } }")
    server = subprocess.Popen(["nginx", "-c", here + "/nginx.conf"])
    time.sleep(1)
    return server


plain = nginx() if shutil.which("nginx") else None
seconds = {"nginx": [], "gateway": []}
for _ in range(4):
    if plain:
        seconds["nginx"].append(curl("https://127.0.0.1:18443/big"))
    create()
    seconds["gateway"].append(curl(
        f"https://127.0.0.1:{port}{FILE}", "-X", "PATCH", "-H",
        "Authorization: Bearer " + tokens["alice"], "-H", "Tus-Resumable: 1.0.0",
        "-H", "Upload-Offset: 0", "-H", "Content-Type: " + STREAM["Content-Type"]))
for name, times in seconds.items():
    if times:
        print(f"{name}: {SIZE / 1e6 / statistics.median(times[1:]):.0f} MB/s")
print(f"peak memory: {peak():.1f} MB")
if plain:
    plain.terminate()

# ---- 100 cuts -------------------------------------------------------------------
random.seed(1)
create()
big = open("big", "rb").read()
worst = 0
for _ in range(100):
    at, count = offset(), random.randint(1000000, 9000000)
    s = context.wrap_socket(socket.create_connection(("127.0.0.1", port)),
                            server_hostname="127.0.0.1")
    s.sendall((f"PATCH {FILE} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
               f"Authorization: Bearer {tokens['alice']}\r\n"
               f"Upload-Offset: {at}\r\nContent-Type: {STREAM['Content-Type']}\r\n"
               f"Content-Length: {SIZE - at}\r\n\r\n").encode())
    s.sendall(big[at:at + count])
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    s.close()
    # A wrong offset gets 409 as soon as nobody writes any more.
    while request("PATCH", FILE, {"Upload-Offset": str(SIZE), "Content-Length":
                                  "0", **STREAM}).status == 423:
        time.sleep(0.01)
    worst = max(worst, at + count - offset())
at = offset()
assert request("PATCH", FILE, {"Upload-Offset": str(at), **STREAM},
               body=big[at:]).status == 204
same = open("spool/alice/jobs/a/upload.bf", "rb").read() == big
print(f"100 cuts: at most {worst / 1e6:.1f} MB sent again, same file: {same}")

# ---- refusals -------------------------------------------------------------------
assert request("PUT", "/v1/jobs/mine/files/job.json", body=b"{}").status == 201
accepted = 0
for i in range(1000):
    path = "/v1/jobs/mine" + random.choice(
        ["", "/files/job.json", "/model.enc", "/submit", "/withdraw"])
    method = random.choice(["GET", "HEAD", "DELETE", "POST", "PATCH"])
    token = tokens["bob"] if i % 2 else "A" * 43
    accepted += request(method, path, token=token).status < 400
print(f"1000 requests without a token or of another owner: {accepted} accepted")


# ---- latency beside slow connections ---------------------------------------------
def latency():
    times, kept = [[], []], connect()
    for i in range(600):
        start = time.perf_counter()
        request("GET", "/v1/jobs", on=None if i % 2 else kept)
        times[i % 2].append(1e3 * (time.perf_counter() - start))
    return "kept %.2f ms, new %.2f ms" % tuple(map(statistics.median, times))


latency()
print("latency:", latency())
slow = []
for _ in range(500):
    s = context.wrap_socket(socket.create_connection(("127.0.0.1", port)),
                            server_hostname="127.0.0.1")
    s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX: ")
    slow.append(s)


def drip():
    while True:
        for s in slow:
            s.sendall(b"x")
            time.sleep(1 / 500)


# A process, as a thread would share its interpreter with what is measured.
dripping = multiprocessing.get_context("fork").Process(target=drip, daemon=True)
dripping.start()
print("beside 500 slow connections:", latency())
dripping.terminate()
dripping.join()
print(f"peak memory: {peak():.1f} MB")
gateway.terminate()
gateway.wait()
shutil.rmtree(folder)
