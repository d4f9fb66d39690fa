#!/usr/bin/env python3
"""`driftline events` on a Spark cluster, then one `driftline correlate` here: the report of `analyze` over all of it.

    spark-submit driftline_spark.py [--driftline PATH] [--partitions N] SOURCE... [-- OPTION_OF_CORRELATE...]
    spark-submit driftline_spark.py --files-from paths.txt -- --format json -o report.json

Each SOURCE is opened by the worker that gets it, so every worker must see it under the same path (a shared mount) and have
driftline installed. Paths travel, not lines: a file keeps its name, its packing and its year. Exit codes are those of correlate.
"""
import argparse
import shlex
import subprocess
import sys

from pyspark.sql import SparkSession


def main():
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else len(words)
    words, options = words[:split], words[split + 1 :]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", metavar="SOURCE")
    parser.add_argument("--files-from", metavar="FILE", help="more sources, one a line")
    parser.add_argument("--driftline", default="driftline", metavar="PATH", help="the binary, here and on the workers")
    parser.add_argument("--partitions", type=int, metavar="N", help="tasks [default: one a source, at most 10,000]")
    asked = parser.parse_args(words)
    sources = list(asked.sources)
    if asked.files_from:
        with open(asked.files_from, encoding="utf-8", errors="surrogateescape") as listed:
            sources += [line.rstrip("\n") for line in listed if line.strip()]
    if not sources:
        parser.error("no SOURCE")
    # A source that cannot be read ends `events` with 2 and is told by its driftline.source/1 line, which correlate reports: that
    # must not end the job. Anything else does (pipe has no shell of its own, and ignores exit codes unless told).
    extract = f"{shlex.quote(asked.driftline)} events --files-from -; code=$?; [ $code -eq 2 ] || exit $code"
    command = f"sh -c {shlex.quote(extract)}"
    context = SparkSession.builder.appName("driftline").getOrCreate().sparkContext
    tasks = asked.partitions or min(len(sources), 10_000)
    events = context.parallelize(sources, tasks).pipe(command, checkCode=True)
    correlate = subprocess.Popen([asked.driftline, "correlate", *options], stdin=subprocess.PIPE)
    try:
        # Partition by partition, so that the events need not fit into the driver.
        for event in events.toLocalIterator(prefetchPartitions=True):
            correlate.stdin.write(event.encode("utf-8") + b"\n")
        correlate.stdin.close()
    except BrokenPipeError:
        pass  # It has said why.
    except BaseException:
        correlate.kill()  # Half of the events are no result.
        raise
    return correlate.wait()


if __name__ == "__main__":
    sys.exit(main())
