#!/usr/bin/env bash
# Builds osier-bench with both back ends and runs them in turns, beside others:
#
#   benches/compare.sh [rounds=N] [only=CASE] [LABEL=PROGRAM...]
#   BARE=path/to/bench-bare benches/compare.sh        the hand-written loops as `bare-color`
#
# LABEL=PROGRAM is any program that takes `LABEL WORK key=value...` and prints the line that
# osier-bench prints; labels that begin with `bare` take part in the switch's cases too. One line a
# run and then one a peer and case go to stdout: keep them with `osier-bench stamp FILE`.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
words=()
# The jump last, so that it is what stays in the release folder.
for switch in portable jump; do
    OSIER_SWITCH=$switch cargo build --release --quiet -p osier-bench
    cp "$target/release/osier-bench" "$target/osier-bench-$switch"
    words+=("ours-$switch=$target/osier-bench-$switch")
done
[ -z "${BARE:-}" ] || words+=("bare-color=$BARE")

exec "$target/osier-bench-jump" compare "${words[@]}" "$@"
