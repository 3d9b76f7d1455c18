#!/usr/bin/env bash
# Makes the figures of README.md again: `net/monkey/figures.sh [ROUNDS]`. Needs valgrind, strace and a quiet machine for its times.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-7}
target=${CARGO_TARGET_DIR:-target}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cargo build --release --quiet -p osier-bench
cargo build --release --quiet -p osier-monkey --examples
examples=$target/release/examples

# Instructions of one call, without the kernel's: each loop is a function.
instructions() {
    valgrind --tool=callgrind --callgrind-out-file="$out/$1.$2" "$examples/$1" "$2" 200 1 >/dev/null 2>&1
    callgrind_annotate --inclusive=yes --threshold=100 "$out/$1.$2" |
        sed -nE 's/^ *([0-9,]+) .*:call_([a-z_0-9]+).*/\1 \2/p' | tr -d , |
        awk '$2 !~ /^(once|init|hooks)/ { printf "%s %.0f\n", $2, $1 / 200 }' | sort
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

for place in thread hub task; do
    echo "instructions a call, $place: plain, patched"
    join <(instructions pass_through_plain "$place") <(instructions pass_through "$place")
    for ((i = 0; i < rounds; i++)); do
        for program in pass_through_plain pass_through; do
            "$examples/$program" "$place" >>"$out/$program.$place.ns"
        done
    done
    echo "ns a call, $place, in turns, medians of $rounds: plain, patched"
    for call in $(cut -d' ' -f1 "$out/pass_through.$place.ns" | sort -u); do
        echo "$call $(for program in pass_through_plain pass_through; do
            awk -v c="$call" '$1 == c { print $2 }' "$out/$program.$place.ns" | median
        done | xargs)"
    done
done

echo "system calls of 20,032 requests: calls, name"
for kind in std ours threads; do
    port=$((20000 + RANDOM % 10000))
    strace -D -f -c -U calls,name -o "$out/$kind" "$examples/echo" "$kind" echo "port=$port" &
    server=$!
    sleep 1
    "$target/release/osier-bench" load echo "port=$port" conns=64 n=20000 >/dev/null
    kill "$server"
    wait "$server" 2>/dev/null || true
    sleep 1
    sed "s/^/$kind /" "$out/$kind" | grep -E "send|recv|epoll|fcntl"
done

echo "CPU ns a request of 64 connections, in turns: std, ours, their ratio"
for ((i = 0; i < rounds; i++)); do
    for kind in std ours; do
        port=$((20000 + RANDOM % 10000))
        "$examples/echo" "$kind" echo "port=$port" &
        server=$!
        sleep 0.5
        "$target/release/osier-bench" load echo "port=$port" conns=64 n=100000 >/dev/null
        awk '{ printf "%.0f ", $1 / 100032 }' "/proc/$server/schedstat"
        kill "$server"
        wait "$server" 2>/dev/null || true
    done
    echo
done | awk '{ print $1, $2, $1 / $2 }'
