#!/usr/bin/env bash
# What one request of `echo` costs a server in counts, which do not drift as times do:
#
#   benches/counts.sh calls|instructions LABEL=PROGRAM...
#
# System calls by strace, user-space instructions by callgrind. Each server is run twice, with a
# short and a long load over the same connections; the difference of the counts over the difference
# of the requests leaves start, accept and close out. CONNS and REQUESTS in the environment set the
# connections (64) and the longer load's requests. One line a server goes to stdout.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -ge 2 ] || { sed -n '2,9s/^# \?//p' "$0" >&2; exit 2; }
what=$1
shift
case $what in
calls) long=${REQUESTS:-40000} ;;
instructions) long=${REQUESTS:-20000} ;;
*) echo "counts.sh: $what: say calls or instructions" >&2; exit 2 ;;
esac
conns=${CONNS:-64}
short=$((long / 4))
target=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet -p osier-bench
load=$target/release/osier-bench
out=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$out"' EXIT

# Waits until the server accepts.
up() {
    local port=$1 i
    for ((i = 0; i < 200; i++)); do
        (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        sleep 0.05
    done
    echo "counts.sh: the server never came up" >&2
    exit 1
}

# Runs `LABEL PROGRAM` as an echo server under the counter, asks it so many times, prints the count.
count() {
    local label=$1 program=$2 requests=$3 port file
    port=$((20000 + RANDOM % 10000))
    file=$out/$label.$requests
    local words=("$program" "$label" echo "port=$port")
    if [ "$what" = calls ]; then
        # -D: strace stands aside, so the process that we start and end is the server itself.
        strace -D -f -c -U calls,name -o "$file" "${words[@]}" >/dev/null &
    else
        valgrind --tool=callgrind --callgrind-out-file="$file" "${words[@]}" >/dev/null 2>"$file.log" &
    fi
    server=$!
    up "$port"
    "$load" load echo "port=$port" "conns=$conns" "n=$requests" >"$file.json"
    kill "$server"
    wait "$server" 2>/dev/null || true
    server=
    total "$file"
}

# The counter writes its file when the server has ended, strace a little after that.
total() {
    local file=$1 found i
    for ((i = 0; i < 100; i++)); do
        found=$(awk '$2 == "total" { print $1 } $1 == "summary:" { print $2 }' "$file" 2>/dev/null || true)
        [ -z "$found" ] || { echo "$found"; return; }
        sleep 0.05
    done
    echo "counts.sh: no count in $file" >&2
    cat "$file.log" >&2 2>/dev/null || true
    exit 1
}

for pair in "$@"; do
    label=${pair%%=*}
    program=${pair#*=}
    few=$(count "$label" "$program" "$short")
    many=$(count "$label" "$program" "$long")
    # The load rounds the requests up to a multiple of the connections.
    requests=$(awk -v c="$conns" -v a="$short" -v b="$long" '
        function up(n) { return int((n + c - 1) / c) * c }
        BEGIN { print up(b) - up(a) }')
    awk -v w="$what" -v c="$conns" -v p="$label" -v f="$few" -v m="$many" -v r="$requests" 'BEGIN {
        printf "{\"section\":\"%s\",\"case\":\"echo %d x 64 B\",\"peer\":\"%s\",", w, c, p
        printf "\"%s_per_request\":%.4f,\"n\":%d}\n", w, (m - f) / r, r
    }'
done
