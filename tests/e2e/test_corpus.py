"""Real files from well-known test suites, where a corpus of them lies beside the project.

`../shared/corpora/public` has the files, `truth.json` what independent readers agree on, and
`../shared/corpora/score.py` compares a mirror with it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError
from pyiceberg.table import StaticTable

from tests.command import ROOT, Nuvyn
from tests.pipeline import run

CORPUS = ROOT.parent / "shared/corpora/public"
SCORER = CORPUS.parent / "score.py"

pytestmark = pytest.mark.skipif(not SCORER.exists(), reason=f"there is no corpus at {CORPUS}")

# In hundredths of the tables on which readers agree. The rest of CSV are mostly tables whose delimiter or comments
# only some readers see, so that others took them for one column.
LEAST = {
    "parquet": 97,
    "orc": 97,
    "avro": 97,
    "arrow_ipc": 97,
    "delta": 97,
    "iceberg": 97,
    "json": 97,
    "excel": 90,
    "csv": 70,
}


def test_what_readers_agree_on(nuvyn: Nuvyn) -> None:
    wanted = subprocess.run([sys.executable, SCORER, "payload", CORPUS], capture_output=True, text=True, check=True)
    payload = nuvyn.home / "corpus.json"
    payload.write_text(wanted.stdout)
    ran = nuvyn("run", str(payload), "--json")
    assert ran.last_json()["status"] == "completed"
    mirror = nuvyn.home / "mirror.duckdb"
    judged = subprocess.run(
        [sys.executable, SCORER, "judge", CORPUS, mirror], capture_output=True, text=True, check=True
    )
    shares = {
        name: 100 * int(right) / int(total)
        for name, right, total in re.findall(r"^(\w+) +(\d+) of +(\d+) right", judged.stdout, re.MULTILINE)
    }
    assert {name for name, least in LEAST.items() if shares[name] < least} == set(), judged.stdout
    broken = re.search(r"broken +(\d+) of +(\d+) reported", judged.stdout)
    assert broken and int(broken[1]) >= int(broken[2]) - 2, judged.stdout


def _roots(format_: str) -> list[str]:
    if not SCORER.exists():
        return []
    source = {"delta": "delta_lake", "iceberg": "iceberg_wh"}[format_]
    tables = json.loads((CORPUS / "truth.json").read_text())[source]["tables"]
    return [f"{source}/{table['root']}" for table in tables if table["format"] == format_ and table.get("root")]


@pytest.mark.parametrize("root", _roots("delta"))
def test_delta_rows_and_files_are_those_of_delta_rs(root: str) -> None:
    [mine] = run(CORPUS / root).rows["tables"]
    try:
        theirs = DeltaTable(CORPUS / root)
        # Not `count`, which knows neither deletion vectors nor files without statistics.
        counted = QueryBuilder().register("t", theirs).execute("SELECT count(*) AS rows FROM t").read_all()
    except (DeltaError, OSError, ValueError) as error:
        pytest.skip(f"delta-rs cannot read it: {error}")
    assert [{"rows": mine["row_count"]}] == pa.table(counted).to_pylist()
    assert mine["file_count"] == len(theirs.file_uris())


@pytest.mark.filterwarnings("ignore")  # pyiceberg warns of its own future
@pytest.mark.parametrize("root", _roots("iceberg"))
def test_iceberg_rows_are_those_of_pyiceberg(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [mine] = run(CORPUS / root).rows["tables"]
    if any("not stored here" in warning for warning in mine["warnings"]):
        pytest.skip("its data lies elsewhere")
    files = (CORPUS / root / "metadata").glob("*.metadata.json")
    metadata = max(files, key=lambda path: int("".join(re.findall(r"^v?(\d+)", path.name))))
    # Paths in these tables are relative to the folder of all of them.
    monkeypatch.chdir(CORPUS / "iceberg_wh")
    try:
        rows = StaticTable.from_metadata(str(metadata)).scan().to_arrow().num_rows
    except Exception as error:
        pytest.skip(f"pyiceberg cannot read it: {error}")
    assert mine["row_count"] in (rows, None)
    assert (mine["row_count"] is None) == ("equality_deletes" in root)
