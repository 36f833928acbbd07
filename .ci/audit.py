"""Asks the advisory service about every package of requirements.lock. Ends with 1 if one is known to be
vulnerable; says so, and ends with 0, where the service does not answer."""

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
SECONDS = 60  # for all of it: CI must not wait for a service that is away


def main() -> int:
    tool = str(Path(sys.executable).with_name("pip-audit"))
    command = [tool, "--requirement", "requirements.lock", "--require-hashes", "--disable-pip",
               "--progress-spinner", "off", "--format", "json", "--timeout", "5"]  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        packages = []
    answered = [one for one in packages if "skip_reason" not in one]
    if not answered:
        print("pip-audit: the advisory service does not answer here; nothing was audited.")
        return 0
    bad = [(one, found) for one in answered for found in one["vulns"]]
    for one, found in bad:
        fixed = ", ".join(found["fix_versions"]) or "nothing yet"
        print(f"{one['name']} {one['version']}: {found['id']}, fixed in {fixed}")
    print(f"pip-audit: {len(answered)} of {len(packages)} packages audited, {len(bad)} advisories.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
