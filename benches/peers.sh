#!/usr/bin/env bash
# Measures driftline beside the tools that people have, and says which speed goals hold. Run it in a quiet hour:
#
#   benches/peers.sh >benches/RESULTS.md    the full form: 1 GB and more, about 15 minutes, 25 GB of disk below TMPDIR
#   benches/peers.sh --small                what .ci/run asks: fails on wrong counts, too much memory, and ratios twice the goal
#   benches/peers.sh --only P1,P8           some goals
#
# Commands that are compared alternate round by round; each ratio is that of one round, and the median of all rounds is told. No
# absolute time decides anything but how long a start takes. Counts are compared with what the generator wrote.
set -euo pipefail
cd "$(dirname "$0")/.."

size=1000000000 rounds=5 small=no only=all binary=${DRIFTLINE:-}
while [ $# -gt 0 ]; do
    case $1 in
        --size) size=$2 && shift ;;
        --rounds) rounds=$2 && shift ;;
        --only) only=$2 && shift ;;
        --binary) binary=$2 && shift ;;
        --small) small=yes size=100000000 rounds=3 ;;
        *) echo "peers.sh: unknown option $1; see its first lines" >&2 && exit 2 ;;
    esac
    shift
done

say() { printf 'peers.sh: %s\n' "$*" >&2; }
wrong=no
fail() { say "FAILED: $*" && wrong=yes; }
has() { command -v "$1" >/dev/null; }

# --- What is needed -------------------------------------------------------------------------------------------------

remote=/lib/systemd/systemd-journal-remote
wanted=(rg:ripgrep mawk:mawk zstd:zstd xz:xz-utils "$remote:systemd-journal-remote" /usr/bin/time:time journalctl:systemd)
[ $small = yes ] || wanted+=(lnav:lnav sec:sec)
missing=()
for one in "${wanted[@]}"; do has "${one%:*}" || missing+=("${one#*:}"); done
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && has apt-get; then
    { apt-get update && apt-get install --yes --no-install-recommends "${missing[@]}"; } >&2 || say "not installed: ${missing[*]}"
fi
for one in "${wanted[@]}"; do
    case $one in lnav:* | sec:*) continue ;; esac
    has "${one%:*}" && continue
    say "${one%:*} (Debian: ${one#*:}) is missing; nothing is measured" && [ $small = yes ] && exit 0
    exit 2
done
# Together: what they share is then built once.
targets=(--example generate_logs)
if [ -z "$binary" ]; then
    targets+=(--bin driftline)
    binary=${CARGO_TARGET_DIR:-target}/release/driftline
fi
cargo build --release --locked "${targets[@]}" >&2
generator=${CARGO_TARGET_DIR:-target}/release/examples/generate_logs
dir=$(mktemp -d "${TMPDIR:-/tmp}/driftline-peers.XXXXXX")
writer=
trap '[ -z "$writer" ] || kill "$writer" 2>/dev/null || :; rm -rf "$dir"' EXIT

# --- Measuring --------------------------------------------------------------------------------------------------------

# Wall, user and system seconds of a command line. What driftline exits with says what it found, not whether it worked.
seconds() { local TIMEFORMAT='%3R %3U %3S'; { time eval "$1" >/dev/null 2>&1 || :; } 2>&1; }

calc() { awk "BEGIN { printf \"%.3f\", $1 }"; }
holds() { awk "BEGIN { exit !($1) }"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# compare A B: the medians of A / B over all rounds, in $wall, $cpu and $user.
compare() {
    local round a b
    : >"$dir/ratios"
    seconds "$1" >/dev/null && seconds "$2" >/dev/null
    for ((round = 0; round < rounds; round++)); do
        a=$(seconds "$1") && b=$(seconds "$2")
        echo "$a $b" | awk '{ d = 0.0005; print ($1 + d) / ($4 + d), ($2 + $3 + d) / ($5 + $6 + d), ($2 + d) / ($5 + d) }' >>"$dir/ratios"
    done
    wall=$(cut -d' ' -f1 "$dir/ratios" | median) cpu=$(cut -d' ' -f2 "$dir/ratios" | median) user=$(cut -d' ' -f3 "$dir/ratios" | median)
}

# The median of a command's wall seconds.
wall_of() { local round; for ((round = 0; round < rounds; round++)); do seconds "$1" | cut -d' ' -f1; done | median; }

# Peak resident memory in MiB.
rss() { /usr/bin/time -f %M -o "$dir/rss" bash -c "exec $1" >/dev/null 2>&1 || :; tail -1 "$dir/rss" | awk '{ printf "%.1f", $1 / 1024 }'; }

rows=()
# row P WHAT MEASURED GOAL [at-size|LIMIT]: a line of the table; the goal is an upper bound. In the small form a figure beyond LIMIT is a
# failure: twice the goal where no other is given. A goal that is not reached yet has the limit that keeps what is; lower it with each
# gain. Goals that make sense only at size decide nothing there.
row() {
    local verdict="holds" limit=${5:-$(calc "$4 * 2")}
    holds "$3 <= $4" || verdict="missed by $(calc "($3 / $4 - 1) * 100" | cut -d. -f1) %"
    if [ $small = yes ] && [ "$limit" = at-size ]; then
        verdict="not judged at this size"
    elif [ $small = yes ] && holds "$3 > $limit"; then
        fail "$1 $2: $3, goal $4, limit $limit"
    fi
    rows+=("| $1 | $2 | $4 | $3 | $verdict |")
    say "$1 $2: $3 (goal $4): $verdict"
}
skip() { rows+=("| $1 | $2 | | | skipped: $3 |") && say "$1 $2: skipped: $3"; }

# at_least P WHAT MEASURED GOAL: as row, where more is better.
at_least() {
    local verdict="holds"
    holds "$3 >= $4" || verdict="missed by $(calc "(1 - $3 / $4) * 100" | cut -d. -f1) %"
    rows+=("| $1 | $2 | >= $4 | $3 | $verdict |") && say "$1 $2: $3 (goal >= $4): $verdict"
}

# count KEY FILE…: a number of the report's coverage.
count() { { $binary analyze --format json "${@:2}" 2>/dev/null || :; } | sed -n '/"coverage": {/,$p' | sed -n "s/^ *\"$1\": \([0-9]*\),*$/\1/p" | head -1; }

# expect FILE TRUTH: all lines are counted and all of ours recognised.
expect() {
    local lines ours
    lines=$(count lines "$1") ours=$(count recognised "$1")
    [ "$lines $ours" = "$2" ] || fail "$1: lines and recognised are $lines $ours, not $2"
}
truth() { sed -n "s/^$2=//p" "$dir/$1.truth"; }

# --- Data -------------------------------------------------------------------------------------------------------------

# make NAME OPTIONS…: a log, once.
make_log() { [ -e "$dir/$1" ] || "$generator" "${@:2}" --truth "$dir/$1.truth" >"$dir/$1"; }
mixed() { make_log mixed --bytes $size && log=$dir/mixed; }
secondary() { make_log secondary --kind secondary --seed 2 --bytes $size && log=$dir/secondary; }
entries=$((size / 1000))
# journal NAME OPTIONS…: as journald would keep it, below a directory.
journal() {
    [ -e "$dir/$1" ] && return
    make_log "$1.export" --format export --lines $entries "${@:2}"
    mkdir "$dir/$1" && $remote -o "$dir/$1/$1.journal" "$dir/$1.export" >&2 2>"$dir/remote.log" || { cat "$dir/remote.log" >&2 && exit 1; }
    mv "$dir/$1.export.truth" "$dir/$1.truth" && rm "$dir/$1.export"
}
cat >"$dir/stale.awk" <<'AWK'
/pdns_server\[[0-9]+\]: Domain '[^']+' is stale, / { n++ } END { print n }
AWK
cat >"$dir/classify.awk" <<'AWK'
{
  i = index($0, "pdns_server["); if (!i) next
  m = substr($0, i); j = index(m, "]: "); if (!j) next
  m = substr(m, j + 3); k = "other"; z = ""
  if (substr(m, 1, 8) == "Domain '") { split(m, p, "'"); k = "domain"; z = p[2] }
  else if (m ~ /^.?XFR-in zone/) { split(m, p, "'"); k = "xfr"; z = p[2] }
  else if (substr(m, 1, 16) == "Received NOTIFY ") { split(m, p, " "); k = "notify"; z = p[4] }
  n++; kinds[k]++; if (z != "") zones[z]++
}
END { for (z in zones) nz++; for (k in kinds) print k, kinds[k]; print n, nz }
AWK

# --- The goals --------------------------------------------------------------------------------------------------------

p1() {
    mixed && expect "$log" "$(truth mixed lines) $(truth mixed ours)"
    compare "$binary analyze $log" "rg -c 'pdns_server|[Kk]eepalived' $log"
    row P1 'analyze, mixed: wall / `rg -c`' "$wall" 1.3 at-size
}
p2() {
    mixed && [ "$(mawk -f "$dir/stale.awk" "$log")" = "$(truth mixed stale)" ] || fail 'mawk counts other stale lines than were written'
    compare "taskset -c 0 $binary analyze $log" "taskset -c 0 mawk -f $dir/stale.awk $log"
    row P2 'analyze, mixed, one core: wall / `mawk` counting one message' "$wall" 0.4 at-size
}
p3() {
    secondary
    [ "$($binary events "$log" | grep -c '"schema":"driftline.event/1"')" = "$(truth secondary pdns)" ] || fail 'events tells other lines than were written'
    compare "$binary events $log" "mawk -f $dir/classify.awk $log"
    row P3 'events, secondary: user / `mawk` classifying' "$user" 0.8 3
}
p4() {
    secondary && expect "$log" "$(truth secondary lines) $(truth secondary ours)"
    compare "$binary analyze $log" "mawk -f $dir/classify.awk $log"
    row P4 'analyze, secondary, 200 k zones: wall / `mawk` classifying' "$wall" 0.5 4
    row P4 'the same: cpu' "$cpu" 0.7 4
}
p5() {
    cargo bench --locked --bench speed -- size 2>/dev/null | sed -n 's/^[├╰]─ \(few\|whole\) .*│.*│ *\([0-9.]* [nµm]*s\) *│.*│.*│.*/\1 \2/p; s/^ *[├╰]─ \(few\|whole\) .*│.*│ *\([0-9.]* [nµm]*s\) *│.*│.*│.*/\1 \2/p' >"$dir/few"
    local ratio
    ratio=$(awk '{ unit = $3 == "s" ? 1e9 : $3 == "ms" ? 1e6 : $3 == "µs" ? 1e3 : 1; time[$1] = $2 * unit } END { if (time["few"]) printf "%.3f", time["whole"] / time["few"] }' "$dir/few")
    if [ -n "$ratio" ]; then row P5 'recognising: whole catalogue / commonest messages' "$ratio" 1.5; else skip P5 'recognising' 'the bench printed no medians'; fi
}
matches='SYSLOG_IDENTIFIER=pdns_server SYSLOG_IDENTIFIER=Keepalived_vrrp + _SYSTEMD_UNIT=pdns.service _SYSTEMD_UNIT=keepalived.service + _COMM=pdns_server _COMM=keepalived'
p6() {
    journal mixed-journal && expect "$dir/mixed-journal" "$(truth mixed-journal lines) $(truth mixed-journal ours)"
    compare "$binary analyze $dir/mixed-journal" "journalctl -q -D $dir/mixed-journal -o cat $matches"
    row P6 "analyze, journal of $entries entries, 3 % ours: wall / \`journalctl -o cat\` with the same matches" "$wall" 1.0 at-size
}
p7() {
    journal secondary-journal --kind secondary --seed 2
    expect "$dir/secondary-journal" "$(truth secondary-journal lines) $(truth secondary-journal ours)"
    compare "$binary analyze $dir/secondary-journal" "journalctl -q -D $dir/secondary-journal -o cat"
    row P7 "analyze, journal of $entries entries, all ours: wall / \`journalctl -o cat\`" "$wall" 0.6 3
}
packed() {
    mixed
    [ -e "$log.gz" ] || gzip -6 <"$log" >"$log.gz"
    [ -e "$log.zst" ] || zstd -q -3 <"$log" >"$log.zst"
    [ -e "$dir/part.xz" ] || head -c $((size / 5)) "$log" | sed '$d' | xz -T1 -3 >"$dir/part.xz"
}
p8() {
    packed
    expect "$log.gz" "$(truth mixed lines) $(truth mixed ours)" && expect "$log.zst" "$(truth mixed lines) $(truth mixed ours)"
    compare "$binary analyze $log.gz" "gzip -dc $log.gz" && row P8 'analyze, mixed .gz: wall / `gzip -dc`' "$wall" 0.45 at-size
    compare "$binary analyze $log.zst" "zstd -dcq $log.zst" && row P8 'analyze, mixed .zst: wall / `zstd -dc`' "$wall" 1.1 at-size
    compare "$binary analyze $dir/part.xz" "xz -dc $dir/part.xz" && row P8 'analyze, a fifth of it as .xz: wall / `xz -dc`' "$wall" 1.1
}
p9() {
    packed
    [ -e "$dir/other.gz" ] || "$generator" --bytes $size --seed 3 --host ns3 | gzip -6 >"$dir/other.gz"
    compare "$binary analyze $log.gz $dir/other.gz" "$binary analyze $log.gz; $binary analyze $dir/other.gz"
    row P9 'analyze, two hosts .gz at once: wall / both alone' "$wall" 0.65 at-size
}
# anonymous COMMAND…: the most RssAnon that is seen of it, in MiB.
anonymous() {
    local pid now most=0
    "$@" >/dev/null 2>&1 &
    pid=$!
    while now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$pid/status 2>/dev/null) && [ -n "$now" ]; do
        [ "$now" -le "$most" ] || most=$now
        sleep 0.005
    done
    wait $pid || :
    calc "$most / 1024"
}
p10() {
    packed && row P10 'peak memory, mixed (MiB)' "$(rss "$binary analyze $log")" 32 32
    row P10 'peak memory, mixed .gz (MiB)' "$(rss "$binary analyze $log.gz")" 32 32
    secondary && row P10 'peak memory, secondary, 200 k zones (MiB)' "$(rss "$binary analyze $log")" 96 96
    journal mixed-journal && row P10 'anonymous memory, journal, 3 % ours (MiB)' "$(anonymous "$binary" analyze "$dir/mixed-journal")" 32 32
    journal secondary-journal --kind secondary --seed 2
    row P10 'anonymous memory, journal, all ours (MiB)' "$(anonymous "$binary" analyze "$dir/secondary-journal")" 32 48
}
# sizes: a tenth of the log, the log, and ten times the log where the disk has room for it.
sizes() {
    mixed && make_log tenth --bytes $((size / 10))
    ten=
    if [ "$(df --output=avail -B1 "$dir" | tail -1)" -gt $((size * 12)) ]; then make_log ten --bytes $((size * 10)) && ten=$dir/ten; fi
}
p11() {
    sizes
    [ -n "$ten" ] || { skip P11 'memory of ten times the log / of the log' 'no room on the disk' && return; }
    row P11 'peak memory of ten times the mixed log / of the log' "$(calc "$(rss "$binary analyze $ten") / $(rss "$binary analyze $log")")" 1.1
}
p12() {
    local each=20
    # A shell starts each of them: its own start is in the figures.
    row P12 'a start: `--version` (ms)' "$(calc "$(wall_of "for i in \$(seq $each); do $binary --version; done") * 1000 / $each")" 10
    row P12 'the seed incident (ms)' "$(calc "$(wall_of "for i in \$(seq $each); do $binary analyze samples/seed-incident; done") * 1000 / $each")" 20
}
p13() {
    local what each=$((size / 10)) usual
    make_log part --kind secondary --seed 2 --bytes $each
    local head='Nov  3 00:00:01 ns2 pdns_server[855]: '
    [ -e "$dir/long" ] || awk -v head="$head" -v n=$((each / 10000000)) 'BEGIN { for (x = "x"; length(x) < 10000000; ) x = x x; for (i = 0; i < n; i++) print head substr(x, 1, 10000000) }' >"$dir/long"
    [ -e "$dir/quotes" ] || awk -v head="$head" -v n=$((each / 100)) 'BEGIN { for (q = ""; length(q) < 60; ) q = q "'"'"'"; for (i = 0; i < n; i++) print head q }' >"$dir/quotes"
    [ -e "$dir/near" ] || awk -v head="$head" -v n=$((each / 100)) 'BEGIN { for (i = 0; i < n; i++) print head "Domain '"'"'z" i ".example'"'"' is stale, primary 192.0.2.1:53 serial " i ", our serial?" }' >"$dir/near"
    usual=$(calc "$(wall_of "$binary analyze $dir/part") * 1e9 / $(stat -c %s "$dir/part")")
    for what in long quotes near; do
        row P13 "hostile ($what): time per byte / secondary" "$(calc "$(wall_of "$binary analyze $dir/$what") * 1e9 / $(stat -c %s "$dir/$what") / $usual")" 3
    done
}
# cpu_share PID SECONDS: per cent of one core.
cpu_share() {
    local before after
    before=$(awk '{ print $14 + $15 }' "/proc/$1/stat") && sleep "$2" && after=$(awk '{ print $14 + $15 }' "/proc/$1/stat")
    calc "($after - $before) * 100 / $(getconf CLK_TCK) / $2"
}
p14() {
    local second seconds=20
    # Stamped as it is written: a day that goes by in seconds would be asked about thousands of times a second.
    make_log busy --lines $((50000 * seconds)) --share 0.1 --vrrp 0 --rate 50000 && mkdir -p "$dir/busy.d" && split -l 50000 -d "$dir/busy" "$dir/busy.d/"
    : >"$dir/live.log"
    "$binary" follow "$dir/live.log" >/dev/null 2>&1 &
    writer=$!
    sleep 2
    row P14 'follow, nothing written (% of a core)' "$(cpu_share $writer 10)" 0.1
    for second in "$dir"/busy.d/*; do cat "$second" >>"$dir/live.log" && sleep 1; done &
    row P14 'follow, 5,000 of 50,000 lines a second ours (% of a core)' "$(cpu_share $writer $((seconds - 2)))" 5
    kill "$writer" && wait || :
    writer=
}
p15() {
    local part=$((size / 20)) took
    make_log twentieth --bytes $part && log=$dir/twentieth
    took=$(wall_of "$binary analyze $log")
    if has lnav; then
        at_least P15 "$part bytes: \`lnav\` counting with SQL / analyze" "$(calc "$(rounds=1 wall_of "lnav -n -c ';select count(*) from all_logs' $log") / $took")" 20
    else
        skip P15 'lnav' 'lnav is not installed'
    fi
    cat >"$dir/sec.conf" <<'SEC'
type=single
ptype=regexp
pattern=pdns_server\[\d+\]: Domain '(\S+)' is stale
desc=stale $1
action=none

type=single
ptype=regexp
pattern=Keepalived_vrrp\[\d+\]: \((\S+)\) Entering MASTER STATE
desc=master $1
action=none

type=single
ptype=regexp
pattern=pdns_server\[\d+\]: Received NOTIFY for (\S+) from (\S+) which is not a primary
desc=notify $1
action=none
SEC
    if has sec; then
        at_least P15 "$part bytes: \`sec\` with three rules / analyze" "$(calc "$(rounds=1 wall_of "sec --conf=$dir/sec.conf --input=$log --notail") / $took")" 50
    else
        skip P15 'sec' 'sec is not installed'
    fi
}
p16() {
    sizes
    local tenth one all
    tenth=$(wall_of "$binary analyze $dir/tenth") one=$(wall_of "$binary analyze $log")
    row P16 'growth: the log / ten times a tenth of it' "$(calc "$one / $tenth / 10")" 1.2 at-size
    if [ -n "$ten" ]; then
        row P16 'growth: ten times the log / ten times its time' "$(calc "$(rounds=1 wall_of "$binary analyze $ten") / $one / 10")" 1.2 at-size
    fi
    for all in 100 10000; do
        [ -e "$dir/files$all" ] || { mkdir "$dir/files$all" && "$generator" --lines $((all * 80)) | split -l 80 -a 5 -d - "$dir/files$all/ns.log."; }
    done
    row P16 'growth: 10,000 files / a hundred times 100 files, with 256 open files at most' "$(calc "$(wall_of "(ulimit -n 256; $binary analyze $dir/files10000)") / $(wall_of "$binary analyze $dir/files100") / 100")" 1.2
}

goals=(p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12 p13 p14 p15 p16)
if [ "$only" != all ]; then read -ra goals <<<"$(tr 'P,' 'p ' <<<"$only")"; fi
# What takes minutes, or what the tests of the follower hold, is no part of the small form.
if [ $small = yes ] && [ "$only" = all ]; then goals=(p1 p2 p3 p4 p6 p7 p8 p10 p12 p13 p16); fi
for goal in "${goals[@]}"; do $goal; done

# --- The table --------------------------------------------------------------------------------------------------------

first() { "$@" 2>/dev/null | head -1; }
cat <<TABLE
# Speed beside other tools

\`benches/peers.sh\` writes this page. Ratios are medians of $rounds rounds in which the commands alternate; the data are $size bytes unless
the line says otherwise, in the page cache. A goal is what the measured figure may be at most, where it does not say otherwise.

- Machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $(awk '/MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo) GiB; Linux $(uname -r)
- $(first "$binary" --version), $(first rg --version), mawk $(mawk -W version 2>&1 | sed -n 's/^mawk \([0-9.]*\).*/\1/p;1q'), $(first journalctl --version), $(first gzip --version), zstd $(zstd --version | grep -o 'v[0-9.]*' | head -1), $(first xz --version)$(if has lnav; then printf ', %s' "$(first lnav -V)"; fi)$(if has sec; then printf ', %s' "$(first sec --version)"; fi)

| # | what | goal | measured | |
|---|---|---|---|---|
TABLE
printf '%s\n' "${rows[@]}"
printf '\n' && cat benches/where-the-time-goes.md
[ $wrong = no ] || exit 1
