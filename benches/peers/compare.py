#!/usr/bin/env python3
"""Training throughput of goodinit, JAX and PyTorch in alternating rounds, on the same networks,
batches, data and epochs, after warm-up and compilation.

    python3 -m venv venv && venv/bin/pip install -r benches/peers/requirements.txt
    venv/bin/python benches/peers/compare.py --data ../shared/data/mnist-10k [--rounds 5] [--archive]

Two trials at a time everywhere: goodinit on 2 threads, PyTorch as 2 processes of 1 thread, JAX
as 2 processes on one core each, as 1 process that uses both cores (K=1), and as one vmap over 8
trials. Prints samples per second (median and range over rounds) and goodinit's ratio to each,
with the share of this machine's measured FMA peak that goodinit's dense-equivalent and actual
arithmetic come to.

Then many tiny networks at once, 8, 100 and 1,000 of them: JAX's vmap, PyTorch's torch.func, and
ParallelMLPs with `--parallel-mlps DIR`, a checkout of fariasfc/parallel-mlps; goodinit trains
them one after another on 2 threads. RepDL joins the first network where it is installed
(repdl_mlp.py says how). A program that does not run is named, with its last line of error.

`--archive` writes everything to benches/runs/<date>-<machine>/.
"""
import argparse
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", required=True, help="directory with MNIST's IDX files")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--only", help="names of networks, comma-separated")
parser.add_argument("--seconds", type=float, default=1.5, help="aim for one measurement")
parser.add_argument("--parallel-mlps", metavar="DIR", help="a checkout of fariasfc/parallel-mlps")
parser.add_argument("--binary", help="the built throughput bench, instead of building it")
parser.add_argument("--archive", action="store_true")
args = parser.parse_args()
args.data = str(Path(args.data).resolve())  # the peers run in a folder of their own
if args.parallel_mlps:
    args.parallel_mlps = str(Path(args.parallel_mlps).resolve())

# name, hidden widths, batch, data (None: the 8x8 digits), multiply-adds per sample
NETWORKS = [
    ("mnist-b32", "256,128", 32, args.data),
    ("mnist-b128", "256,128", 128, args.data),
    ("tiny-b16", "32", 16, None),
    ("deep-b32", ",".join(["64"] * 30), 32, None),
    ("wide-b32", "1024,1024,1024", 32, args.data),
]
# How many tiny networks at once.
MANY = [8, 100, 1000]


def build():
    command = ["cargo", "bench", "--bench", "throughput", "--no-run", "--message-format=json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    made = [m for m in map(json.loads, out.splitlines()) if m.get("executable")]
    return next(m["executable"] for m in made if m["target"]["name"] == "throughput")


def goodinit(binary, hidden, batch, data, epochs, trials=2):
    command = [binary, "--hidden", hidden, "--batch", str(batch), "--epochs", str(epochs), "--threads", "2"]
    command += ["--trials", str(trials)]
    command += ["--data", data] if data else []
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return result["samples_per_second"], result


def peer(script, processes, extra, pin, hidden, batch, data, epochs):
    """Starts the processes, lets them warm up, starts their timed epochs together."""
    command = [sys.executable, str(HERE / script), "--hidden", hidden, "--batch", str(batch)]
    command += ["--epochs", str(epochs), *extra]
    command += ["--data", data] if data else []
    running = []
    for i in range(processes):
        environment = dict(os.environ)
        prefix = ["taskset", "-c", str(i)] if pin else []
        running.append(subprocess.Popen(prefix + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment, cwd=HERE))
    for process in running:
        if process.stdout.readline().strip() != "ready":
            error = process.communicate()[1].strip().splitlines()
            raise NotRun(f"{script}: {error[-1] if error else 'no output'}")
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [json.loads(process.stdout.readline()) for process in running]
    for process in running:
        process.wait()
    return sum(r["samples"] for r in results) / max(r["seconds"] for r in results), results[0]


class NotRun(Exception):
    """A program that isn't installed, or fails."""


MODES = {
    "jax K=1, both cores": lambda *n: peer("jax_mlp.py", 1, [], False, *n),
    "jax 2 processes": lambda *n: peer("jax_mlp.py", 2, [], True, *n),
    "jax vmap 8": lambda *n: peer("jax_mlp.py", 1, ["--trials", "8"], False, *n),
    "torch 2 processes": lambda *n: peer("torch_mlp.py", 2, [], True, *n),
}


REPDL = {"repdl, both cores": (1, lambda *n: peer("repdl_mlp.py", 1, [], False, *n))}


def many(trials):
    """Programs that train so many networks at once, and goodinit; each with how many networks it trains."""
    at_once = ["--trials", str(trials)]
    modes = {
        f"jax vmap {trials}": lambda *n: peer("jax_mlp.py", 1, at_once, False, *n),
        f"torch.func {trials}": lambda *n: peer("torch_vmap.py", 1, at_once, False, *n),
    }
    if args.parallel_mlps:
        extra = [*at_once, "--source", args.parallel_mlps]
        modes[f"ParallelMLPs {trials}"] = lambda *n: peer("parallel_mlps.py", 1, extra, False, *n)
    return {mode: (trials, run) for mode, run in modes.items()}


def rounds(runners, hidden, batch, data, say):
    """Speeds of each program over alternating rounds, and what goodinit's last run printed. A runner is how many networks it
    trains and a function of hidden widths, batch, data and epochs."""
    epochs, details, rows = {}, None, 9000 if data else 1079
    for mode, (trials, run) in runners.items():
        try:
            speed, _ = run(hidden, batch, data, 1)
        except NotRun as error:
            say(f"  {mode} did not run: {error}")
            continue
        # Epochs per program, so that each measurement lasts about as long.
        epochs[mode] = max(1, min(2000, round(args.seconds * speed / (rows * trials))))
    speeds = {mode: [] for mode in epochs}
    for _ in range(args.rounds):
        for mode in epochs:
            speed, result = runners[mode][1](hidden, batch, data, epochs[mode])
            speeds[mode].append(speed)
            if mode == "goodinit":
                details = result
    ours = statistics.median(speeds["goodinit"])
    for mode, values in speeds.items():
        median = statistics.median(values)
        ratios = [o / t for o, t in zip(speeds["goodinit"], values)]
        say(f"  {mode:22} {median:12,.0f} samples/s  ({min(values):,.0f} to {max(values):,.0f})"
            f"   goodinit is {ours / median:5.2f}x  ({min(ratios):.2f} to {max(ratios):.2f})")
    return epochs, speeds, details


def compare(binary, name, hidden, batch, data, say):
    trials = {"jax K=1, both cores": 1, "jax vmap 8": 8}
    runners = {"goodinit": (2, lambda *n: goodinit(binary, *n))}
    runners |= {mode: (trials.get(mode, 2), run) for mode, run in MODES.items()}
    if name == NETWORKS[0][0]:
        runners |= REPDL
    say(f"\n{name}: [{hidden}], batch {batch}, {'MNIST rows' if data else '8x8 digits'}")
    epochs, speeds, details = rounds(runners, hidden, batch, data, say)
    median = {mode: statistics.median(values) for mode, values in speeds.items()}
    ours = median["goodinit"]
    jax = max(median["jax K=1, both cores"], median["jax vmap 8"])
    pair, torch = median["jax 2 processes"], median["torch 2 processes"]
    say(f"  => {ours / jax:.2f}x the faster of JAX K=1 and vmap, {ours / pair:.2f}x JAX as 2 processes of "
        f"one core, {ours / torch:.2f}x PyTorch")
    dense = ours * details["mac_per_sample"] * 2 / 1e9
    actual = ours * details["mac_done_per_sample"] * 2 / 1e9
    peak = 2 * details["peak_gflops"]
    say(f"  roofline: {dense:.1f} GFLOP/s dense-equivalent = {100 * dense / peak:.0f}%, {actual:.1f} done = "
        f"{100 * actual / peak:.0f}% of the measured FMA peak of {peak:.0f} GFLOP/s on 2 cores ({details['isa']})")
    return {"name": name, "hidden": hidden, "batch": batch, "epochs": epochs, "speeds": speeds,
            "goodinit": details, "jax_ratio": ours / jax, "jax_processes_ratio": ours / pair,
            "torch_ratio": ours / torch}


def compare_many(binary, trials, say):
    _, hidden, batch, data = next(n for n in NETWORKS if n[0] == "tiny-b16")
    runners = {"goodinit": (trials, lambda *n: goodinit(binary, *n, trials)), **many(trials)}
    say(f"\n{trials} networks at once: [{hidden}], batch {batch}, 8x8 digits")
    epochs, speeds, details = rounds(runners, hidden, batch, data, say)
    return {"name": f"many-{trials}", "hidden": hidden, "batch": batch, "epochs": epochs, "speeds": speeds, "goodinit": details}


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if Path("/proc/cpuinfo").exists() else None
    versions = subprocess.run([sys.executable, "-c", "import jax, torch, numpy; print('jax', jax.__version__, "
                               "'torch', torch.__version__, 'numpy', numpy.__version__)"],
                              stdout=subprocess.PIPE, text=True).stdout.strip()
    run = lambda *c: subprocess.run(c, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "command": " ".join(["benches/peers/compare.py", *(Path(a).name if a.startswith("/") else a for a in sys.argv[1:])]),
        "commit": run("git", "describe", "--always", "--dirty", "--abbrev=40"),
        "cpu": cpu.group(1) if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "system": " ".join([platform.system(), platform.machine(), *platform.libc_ver()]),
        "rustc": run("rustc", "--version"),
        "python": f"{platform.python_version()}, {versions}",
    }


def main():
    lines = []

    def say(line):
        print(line, flush=True)
        lines.append(line)

    about = machine()
    for key, value in about.items():
        say(f"{key}: {value}")
    binary = args.binary or build()
    chosen = [n for n in NETWORKS if not args.only or n[0] in args.only.split(",")]
    results = [compare(binary, *network, say) for network in chosen]
    results += [compare_many(binary, trials, say) for trials in MANY if not args.only or f"many-{trials}" in args.only.split(",")]
    if args.archive:
        cpu = re.sub(r"[^a-z0-9]+", "-", about["cpu"].lower()).strip("-")
        folder = ROOT / "benches/runs" / f"{about['date'][:10]}-{cpu}-{about['cores']}-cores"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "summary.txt").write_text("\n".join(lines) + "\n")
        (folder / "peers.json").write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n")
        shutil.copy(HERE / "requirements.txt", folder)
        print(f"archived in {folder.relative_to(ROOT)}")


main()
