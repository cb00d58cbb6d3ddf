#!/usr/bin/env python3
"""How goodinit grows: trials, threads, width, memory.

    python3 benches/growth.py [--quick] [--out FILE]     about four minutes

Prints tables: trials per second for grids of 10 to 100,000 tiny trials (flat within 10% is the aim;
what a grid of two trials takes, the least that has intervals, is taken off), one thread against two, four and on to 16 where
there are that many cores, on a short grid and a longer one, GFLOP/s over widths from 16 to 2048, and peak memory over trials and
threads. Needs `cargo` and POSIX (`os.wait4`). Other programs on the machine make the figures worse.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--quick", action="store_true", help="up to 1,000 trials and width 256")
parser.add_argument("--out", type=Path, help="also write the tables there")
args = parser.parse_args()

EXPERIMENT = """
name = "growth"
seed = 1
replicates = {replicates}
[data]
kind = "digits"
train_rows = 96
[train]
epochs = 2
batch_size = 32
[grid]
scheme = ["he_normal"]
architecture = [[{width}]]
activation = ["relu"]
learning_rate = [0.1]
"""


def build(name, *what):
    command = ["cargo", *what, "--message-format=json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    made = [m for m in map(json.loads, out.splitlines()) if m.get("executable")]
    return next(m["executable"] for m in made if m["target"]["name"] == name)


def grid(binary, trials, threads, width=16):
    """Seconds and peak MiB of a fresh grid of so many trials."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "growth.toml"
        file.write_text(EXPERIMENT.format(replicates=trials, width=width))
        command = [binary, "grid", str(file), "--out", str(Path(folder) / "out"), "--threads", str(threads)]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = status
        assert status == 0, f"grid of {trials} trials failed"
        rows = (Path(folder) / "out/trials.csv").read_text().count("\n") - 1
        assert rows == trials, f"{rows} rows for {trials} trials"
        return seconds, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def main():
    lines = []

    def say(line=""):
        print(line, flush=True)
        lines.append(line)

    binary = build("goodinit", "build", "--release")
    # Short grids are a few milliseconds longer than the shortest: the best of many runs.
    start_up = min(grid(binary, 2, 2)[0] for _ in range(25))
    say(f"a grid of 2 trials: {start_up:.4f} s")
    say("\ntrials   seconds  trials/s  peak MiB   (2 threads, further trials over further time)")
    for trials in [10, 100, 1000] + ([] if args.quick else [10_000, 100_000]):
        runs = [grid(binary, trials, 2) for _ in range(25 if trials <= 1000 else 3 if trials <= 10_000 else 1)]
        seconds, memory = min(runs)
        say(f"{trials:7} {seconds:8.4f} {(trials - 2) / max(seconds - start_up, 1e-4):9.0f} {memory:9.1f}")

    # One cell each: its summary is as serial as they come. Of the short grid start-up is a good part.
    for trials in [200] + ([] if args.quick else [2000]):
        say(f"\nthreads  seconds   speed-up  peak MiB   ({trials} trials of width 256; medians of 7)")
        runs = {threads: [] for threads in [1, 2, 4, 8, 16] if threads <= max(4, os.cpu_count())}
        for _ in range(7):
            for threads, measured in runs.items():
                measured.append(grid(binary, trials, threads, 256))
        seconds = {threads: statistics.median(s for s, _ in measured) for threads, measured in runs.items()}
        for threads, measured in runs.items():
            memory = max(m for _, m in measured)
            say(f"{threads:7} {seconds[threads]:8.3f} {seconds[1] / seconds[threads]:10.2f} {memory:9.1f}")

    throughput = build("throughput", "bench", "--bench", "throughput", "--no-run")
    say("\nwidth    GFLOP/s on 2 threads   share of peak   (3 layers of that width, batch 32, digits)")
    for width in [16, 32, 64, 128, 256] + ([] if args.quick else [512, 1024, 2048]):
        epochs = max(1, 600_000_000 // (width * width * 3000))
        command = [throughput, "--hidden", f"{width},{width},{width}", "--threads", "2", "--epochs", str(epochs)]
        runs = [subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        results = [json.loads(run.stdout) for run in runs]
        result = sorted(results, key=lambda result: result["samples_per_second"])[1]
        speed = result["samples_per_second"] * result["mac_done_per_sample"] * 2 / 1e9
        say(f"{width:5} {speed:12.1f} {100 * speed / (2 * result['peak_gflops']):21.0f}%")

    if args.out:
        args.out.write_text("\n".join(lines) + "\n")


main()
