# `just` lists the recipes. Each script says in its head how it is run and what it needs.

# list the recipes
default:
    @just --list

# what CI runs
ci:
    .ci/run

# accept changed golden values: run the tests with insta writing the new snapshots
bless *FILTER:
    INSTA_UPDATE=always cargo test {{FILTER}}

# every paper and every slide from nothing; which claims hold (minutes)
papers *ARGS:
    tests/scripts/papers.sh {{ARGS}}

# every committed table made anew, and the READMEs of the results; deck/s08-mnist needs data (its head says which)
results:
    cargo build --release
    for e in quick seeds full; do target/release/goodinit grid experiments/$e.toml --fresh; done
    rm -rf results/papers/*/ results/deck/*/
    tests/scripts/papers.sh || true
    python3 tests/scripts/verdicts.py results/papers results/deck
    git diff --stat results/

# the same bytes in debug and release, on every instruction set, with 1, 2 and 8 threads
profiles *ARGS:
    tests/scripts/profiles.sh {{ARGS}}

# which lines these comparisons of bytes run
coverage *ARGS:
    tests/scripts/coverage.sh {{ARGS}}

# the same bytes under emulated processors: x86-64 without AVX-512 and AVX; 64-bit Arm
emulated:
    tests/scripts/qemu.sh
    tests/scripts/neon.sh

# kill -9 at random moments; a full disk (root); many trials; Slurm (root)
crash *ARGS:
    tests/scripts/crash.sh {{ARGS}}
disk:
    tests/scripts/disk.sh
many *ARGS:
    tests/scripts/many.sh {{ARGS}}
slurm:
    tests/scripts/slurm.sh

# elementary functions on every float; tails of the samplers; error and savings of looks; memory errors
elementary *ARGS:
    tests/scripts/elementary.sh {{ARGS}}
tails:
    tests/scripts/tails.sh
looks:
    tests/scripts/looks.sh
valgrind *ARGS:
    tests/scripts/valgrind.sh {{ARGS}}

# statistics against scipy and statsmodels; names of other libraries; PyTorch's safetensors
oracles:
    python3 tests/scripts/statistics_oracle.py
    python3 tests/scripts/dialects.py
    python3 tests/scripts/torch_safetensors.py

# the Python package from nothing: wheel, virtual environment, pytest (needs PyPI)
python *ARGS:
    tests/scripts/python.sh {{ARGS}}

# five schemes against their authors' code, of which SOURCES has clones (see the head of the script)
authors SOURCES:
    python3 tests/scripts/authors.py {{SOURCES}}

# linters and schemas of workflows, action, image, Kubernetes jobs, citation, scripts; cargo deny (needs PyPI)
workflows *ARGS:
    tests/scripts/workflows.sh {{ARGS}}

# one fuzz target for some seconds: toml, csv, idx, journal, safetensors (needs cargo-fuzz, nightly)
fuzz TARGET SECONDS="60":
    mkdir -p fuzz/corpus/{{TARGET}}
    cargo fuzz run {{TARGET}} fuzz/corpus/{{TARGET}} {{ if TARGET == "toml" { "experiments" } else { "fuzz/seeds/" + TARGET } }} -- -max_total_time={{SECONDS}}
