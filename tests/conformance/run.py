#!/usr/bin/python3
"""run - the conformance runner: recorded answers of AWS against a real pawld.

Every case is passed, failed, or not yet: it needs a part that is not built (needs.py
lists these by content). Exit status: 0 nothing failed, 1 something did, 77 the
recordings are not here (PAWL_SHARED).
"""

import argparse
import collections
import concurrent.futures
import json
import pathlib
import sys
import time
import traceback

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "e2e")]

# pylint: disable=wrong-import-position
import case
import functions
import gateways
import needs
import pawltest
import queues
import tables
import topics

ACCOUNT, REGION = "111111111111", "us-east-1"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--area", action="append", help="only this area (repeatable)")
    parser.add_argument("--case", help="only cases whose file name contains this")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="every case, and every difference in full")
    parser.add_argument("--try", dest="try_all", action="store_true",
                        help="run the cases that are not due yet as well; they never fail the run")
    parser.add_argument("--report", metavar="FILE", help="write the report to FILE, too")
    parser.add_argument("--list", action="store_true", help="only say what each case needs")
    parser.add_argument("--jobs", type=int, default=6, help="cases at a time (default 6)")
    parser.add_argument("--database", help="connection string of a PostgreSQL to use")
    return parser.parse_args()


class Result:
    """How a case went: "pass", "fail", "not yet"."""

    def __init__(self, entry, recorded):
        self.file = entry["file"]
        self.area = self.file.split("/")[1]
        self.needs = needs.needs(recorded)
        self.recorded = recorded
        self.state = "not yet" if self.needs else None
        self.early = False          # passes already though it needs what is not due
        self.why = ""

    def name(self):
        return self.file[len("cases/"):-len(".json")]


def load(options):
    folder = pawltest.SHARED / "conformance"
    if not (folder / "index.json").exists():
        print(f"# no recordings in {folder}")
        sys.exit(pawltest.SKIPPED)
    results = []
    for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        area = entry["file"].split("/")[1]
        if options.area and area not in options.area:
            continue
        if options.case and options.case not in entry["file"]:
            continue
        results.append(Result(entry, json.loads((folder / entry["file"]).read_text("utf-8"))))
    return results


def run_one(result, daemon, endpoint):
    """Runs a case and notes how it went; returns the result."""
    client = daemon.client(timeout=case.PATIENCE_RUN)
    try:
        case.Case(result.recorded, client, endpoint, ACCOUNT, REGION).run()
        passed = True
    except case.Failed as failed:
        passed, result.why = False, str(failed)
    except Exception:       # pylint: disable=broad-except
        passed, result.why = False, traceback.format_exc()
    finally:
        client.close()
    if result.needs:
        result.early = passed
    else:
        result.state = "pass" if passed else "fail"
    return result


def run_all(results, options):
    due = [r for r in results if not r.needs or options.try_all]
    if not due:
        return
    pawltest.need_pawld()
    endpoint = functions.Endpoint(ACCOUNT, REGION)
    database = options.database or pawltest.Postgres().conninfo()
    try:
        with pawltest.Pawld(database=database, account_id=ACCOUNT, region=REGION, limits="aws",
                            aws_endpoint=endpoint.url, log_level="info") as daemon:
            endpoint.world.stepfunctions = daemon.url
            endpoint.world.services["apigateway"] = gateways.Gateways(endpoint.world)
            endpoint.world.services["sqs"] = queues.Sqs(endpoint.world, daemon.url)
            endpoint.world.services["sns"] = topics.Sns(endpoint.world, daemon.url)
            endpoint.world.services["dynamodb"] = tables.Dynamodb(endpoint.world, daemon.url)
            with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
                for future in concurrent.futures.as_completed(
                        [pool.submit(run_one, r, daemon, endpoint) for r in due]):
                    tell(future.result(), options)
    finally:
        endpoint.close()


def tell(result, options):
    if result.state == "fail":
        print(f"not ok {result.name()}\n#   {result.why}", flush=True)
    elif options.verbose:
        print(f"{'ok' if result.state == 'pass' else '# ' + result.state} {result.name()} "
              f"{'(passes already)' if result.early else ', '.join(result.needs)}"
              f"{' ' + result.why if result.needs and not result.early else ''}", flush=True)


def report(results, seconds):
    """The table by area, then what is missing and how many cases it holds up."""
    lines = [f"{'area':36}{'pass':>6}{'fail':>6}{'not yet':>9}"]
    areas = collections.defaultdict(collections.Counter)
    for result in results:
        areas[result.area][result.state] += 1
    for area in sorted(areas):
        count = areas[area]
        lines.append(f"{area:36}{count['pass']:6}{count['fail']:6}{count['not yet']:9}")
    total = collections.Counter(r.state for r in results)
    lines.append(f"{'all':36}{total['pass']:6}{total['fail']:6}{total['not yet']:9}")
    lines += ["", f"{'not yet, because it needs':36}{'cases':>6}{'only this':>10}"]
    reasons, alone = collections.Counter(), collections.Counter()
    for result in results:
        reasons.update(result.needs)
        if len(result.needs) == 1:
            alone[result.needs[0]] += 1
    for reason, count in reasons.most_common():
        lines.append(f"{reason:36}{count:6}{alone[reason]:10}")
    failed = [r for r in results if r.state == "fail"]
    if failed:
        lines += ["", "failed:"] + [f"  {r.name()}: {r.why}" for r in sorted(failed, key=Result.name)]
    early = [r for r in results if r.early]
    if early:
        lines += ["", f"not due, yet they pass: {len(early)}"] + [
            f"  {r.name()}: {', '.join(r.needs)}" for r in sorted(early, key=Result.name)]
    lines += ["", f"{len(results)} cases in {seconds:.0f} s"]
    return "\n".join(lines) + "\n"


def main():
    options = arguments()
    results = load(options)
    if options.list:
        for result in results:
            print(result.name(), "-", ", ".join(result.needs) or "must pass")
        return 0
    began = time.monotonic()
    run_all(results, options)
    text = report(results, time.monotonic() - began)
    print(text, end="")
    if options.report:
        pathlib.Path(options.report).write_text(text, encoding="utf-8")
    count = collections.Counter(r.state for r in results)
    print(f"{count['pass']} passed, {count['fail']} failed, {count['not yet']} skipped")
    return 1 if count["fail"] else 0


if __name__ == "__main__":
    sys.exit(main())
