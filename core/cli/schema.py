"""`nuvyn schema`: is the metadata schema there and right; making it."""

from __future__ import annotations

import json

import click

from core.cli.context import json_option, open_house
from core.databricks.target import target_of
from core.metadata_schema import Checked, check_mirror, check_warehouse, make_mirror, make_warehouse
from core.text import plural

databricks_option = click.option("--databricks", is_flag=True, help="The warehouse's, instead of the local mirror's.")


@click.group()
def schema() -> None:
    """Compare or make the metadata schema, here or in a warehouse."""


@schema.command()
@databricks_option
@json_option
def validate(databricks: bool, as_json: bool) -> int:
    """Compare the schema, table by table; exit status 1 when something is missing. Nothing is changed."""
    with open_house() as house:
        found = check_warehouse(target_of(house.settings)) if databricks else check_mirror(house.mirror)
    if as_json:
        click.echo(json.dumps(_document(found)))
    else:
        _print(found, databricks=databricks)
    return 0 if found.valid else 1


@schema.command()
@databricks_option
@json_option
def create(databricks: bool, as_json: bool) -> int:
    """Make what is missing. Nothing is ever dropped, and calling it again changes nothing."""
    with open_house() as house:
        made = make_warehouse(target_of(house.settings)) if databricks else make_mirror(house.mirror)
    if as_json:
        document = _document(made.checked) | {"created": list(made.created), "completed": list(made.completed)}
        click.echo(json.dumps(document))
        return 0
    for what, names in (("created", made.created), ("completed", made.completed)):
        if names:
            click.echo(f"{what} {plural(len(names), 'table')}: {', '.join(names)}")
    _print(made.checked, databricks=databricks)
    return 0


def _document(found: Checked) -> dict[str, object]:
    return {
        "target": found.target,
        "schema": f"{found.catalog}.{found.schema}",
        "valid": found.valid,
        "tables": list(found.found),
        "missing_tables": list(found.absent),
        "missing_columns": {name: list(columns) for name, columns in found.missing.items()},
    }


def _print(found: Checked, *, databricks: bool) -> None:
    place = f"{found.catalog}.{found.schema}"
    if found.valid:
        click.echo(f"{place} is as it should be: {plural(len(found.found), 'table')}")
        return
    for name in found.absent:
        click.echo(f"{place}.{name} is missing")
    for name, columns in found.missing.items():
        click.echo(f"{place}.{name} lacks {', '.join(columns)}")
    click.echo(f"nuvyn schema create{' --databricks' if databricks else ''} makes what is missing", err=True)
