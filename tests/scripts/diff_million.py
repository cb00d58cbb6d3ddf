"""A million-row pair of trials.csv for `goodinit diff`: time and memory.

    cargo build --release
    python3 tests/scripts/diff_million.py target/release/goodinit [rows]

Writes tables of so many rows (1,000,000 unless given) that differ in three rows, in the losses of
every row, and in the test accuracy too, which schemes are ranked by; compares them, and prints
seconds, processor time and the largest memory of each run.
"""

import os
import subprocess
import sys
import tempfile
import time

program, rows = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
HEADER = ("dataset,label_noise,architecture,activation,scheme,bias,optimizer,learning_rate,batch_size,"
          "replicate,weight_seed,order_seed,data_seed,trial_id,status,stopped_epoch,message,steps,parameters,"
          "initial_loss,train_loss,train_accuracy,validation_loss,validation_accuracy,test_loss,test_accuracy,"
          "best_epoch,best_validation_accuracy,best_test_accuracy,data_hash,initial_hash,final_hash\n")


def write(path, changed, accuracy=False):
    with open(path, "w", newline="\n") as out:
        out.write(HEADER)
        row = 0
        for architecture in range(1000):
            for scheme in range(20):
                for replicate in range(50):
                    if row == rows:
                        return
                    x = 0.1 + row * 1e-7
                    y = x * (1 + 1e-15) if changed(row) else x
                    score = y * (1 + replicate % 3 * 1e-6) if accuracy else x
                    end = "g" if changed(row) else "f"
                    out.write(f"digits,0,a{architecture:04},relu,s{scheme:02},zeros,sgd,0.1,32,{replicate},{replicate},"
                              f"{replicate},0,{row:016x},ok,,,41,4522,2.5,{y!r},{x!r},{x!r},{x!r},{y!r},{score!r},1,"
                              f"{x!r},{x!r},dddddddddddddddd,{row:016x},{end}{row:015x}\n")
                    row += 1


with tempfile.TemporaryDirectory() as root:
    cases = {"old": lambda row: False, "three": lambda row: row in (5, rows // 2, rows - 1),
             "all": lambda row: True, "scores": lambda row: True}
    for name, changed in cases.items():
        os.mkdir(os.path.join(root, name))
        write(os.path.join(root, name, "trials.csv"), changed, name == "scores")
    size = os.path.getsize(os.path.join(root, "old", "trials.csv"))
    print(f"{rows} rows, {size / 1e6:.0f} MB each")
    for name in cases:
        start = time.time()
        child = subprocess.Popen([program, "diff", os.path.join(root, "old"), os.path.join(root, name),
                                  "--limit", "2"], stdout=subprocess.PIPE, text=True)
        out = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        print(f"\nold against {name}: {time.time() - start:.2f} s, "
              f"{usage.ru_utime + usage.ru_stime:.2f} s of processor time, {usage.ru_maxrss / 1024:.0f} MiB, "
              f"exit {os.waitstatus_to_exitcode(status)}")
        print("\n".join(out.splitlines()[1:40]))
