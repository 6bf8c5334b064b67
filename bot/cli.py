"""`fenghuo ...`: a thin layer over the parts."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, NoReturn
from zoneinfo import ZoneInfo, available_timezones

import typer
from rich.console import Console

from bot import app as application
from bot import bench as benchmark
from bot import logs, trials
from bot.config import SAMPLE, Config, ConfigError, load
from bot.sentiment import Engine, Scorer, SnowNlpScorer
from bot.sources import columns
from bot.sources.base import Checked, Source, SourceError
from bot.sources.doctor import examine, in_words, sampled
from bot.transports.base import TransportError
from playbooks import PlaybookError, as_markdown, as_yaml, lint, take_in
from playbooks import load as load_playbooks
from playbooks.checking import FaultError, read_duration
from playbooks.checks import PlatformError, overdue, platform_named
from playbooks.checks.files import check_file, texts_in
from playbooks.shelf import holds_some
from storage import incidents, timeline
from storage.database import Database, DatabaseError

main = typer.Typer(
    name="fenghuo", help="Fenghuo 烽火: crisis response in chat.", no_args_is_help=True, add_completion=False
)
playbook = typer.Typer(help="Playbooks.", no_args_is_help=True)
database = typer.Typer(help="The database.", no_args_is_help=True)
main.add_typer(playbook, name="playbook")
main.add_typer(database, name="db")

Language = Annotated[Literal["", "zh", "en"], typer.Option(help="zh or en; by default the team's.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def fail(message: str, code: int = 1) -> NoReturn:
    """Say what is wrong on standard error and stop."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def settings() -> Config:
    """The config; every problem is named, then the program stops."""
    try:
        config = load()
    except ConfigError as error:
        fail("\n".join(f"✗ {problem}" for problem in error.problems), 2)
    env = config.env
    logs.set_up(env.log_level, config.secrets)
    return config


@main.command()
def run() -> None:
    """Run the bot until SIGTERM or Ctrl-C."""
    config = settings()
    try:
        asyncio.run(application.run(config))
    except TransportError as error:
        fail(f"✗ {error.message}")
    except PlaybookError as error:
        fail(str(error), 2)
    except DatabaseError as error:
        fail(f"✗ DATABASE_URL: {str(error).splitlines()[0]}")
    except application.BrokenDownError:
        raise typer.Exit(1) from None


@main.command()
def init() -> None:
    """Write a fenghuo.yaml and an .env to start from; files that are there stay as they are."""
    for source, target in (
        (SAMPLE, Path("fenghuo.yaml")),
        (Path(__file__).parent / "sample" / "env", Path(".env")),
    ):
        if target.exists():
            typer.echo(f"= {target} is there already")
        else:
            shutil.copyfile(source, target)
            target.chmod(0o600)
            typer.echo(f"+ {target}")


@main.command()
def check() -> None:
    """Name every missing or wrong setting, and try each token and the database."""
    config = settings()
    problems = asyncio.run(_tried(config))
    for problem in problems:
        typer.echo(f"✗ {problem}", err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("✓ all settings are in order")


async def _tried(config: Config) -> list[str]:
    problems = []
    try:
        built = application.App(config)
    except PlaybookError as error:
        return list(map(str, error.problems))
    if (own := application.recipe(config).playbooks) and own.is_dir() and not holds_some(own):
        problems.append(f"playbooks: {own} holds no playbook: put them into {own}/types, one NAME.yaml each")
    for name, transport in built.transports.items():
        if hasattr(transport, "check"):
            found = await transport.check()
            problems += [f"{name}: {problem}" for problem in found]
            if not found:
                typer.echo(f"✓ {name}")
    for source in built.monitor.sources:
        problems += await _source_tried(source)
    try:
        await built.database.upgrade()
        typer.echo("✓ database")
    except (DatabaseError, OSError) as error:
        problems.append(f"DATABASE_URL: {str(error).splitlines()[0]}")
    await built.database.close()
    return problems


async def _source_tried(source: Source) -> list[str]:
    if not isinstance(source, Checked):
        return []
    try:
        await asyncio.to_thread(source.check, datetime.now(UTC))
    except SourceError as error:
        return [f"sources: {source.name}: {error.message.removeprefix(f'{source.name}: ')}"]
    typer.echo(f"✓ {source.name}")
    return []


@main.command()
def ingest(files: Annotated[list[Path], typer.Argument(help="Files of comments.")]) -> None:
    """Take files of comments in, once, as the watched folder would."""
    config = settings()
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        fail(f"✗ not found: {', '.join(missing)}", 2)
    tally, refused = asyncio.run(trials.ingest(config, files))
    typer.echo(f"new {tally.new} · known {tally.known} · dropped {tally.dropped} · rejected {tally.rejected}")
    for each in refused:
        typer.echo(each)
    if tally.raised:
        typer.echo("raised " + " ".join(f"#{number}" for number in tally.raised))


@main.command()
def doctor(
    files: Annotated[list[Path], typer.Argument(help="Files of comments, or folders of them.")],
    presets: Annotated[Path | None, typer.Option(help="A folder of presets of your own.")] = None,
    timezone: Annotated[str, typer.Option(help="Of times without an offset.")] = "Asia/Shanghai",
    as_json: Json = False,
) -> None:
    """Say what files are before they are used: understood, mended, unreadable, missing."""
    wrong = [f"not found: {path}" for path in files if not path.exists()]
    wrong += columns.check(presets) if presets else []
    wrong += [] if timezone in available_timezones() else [f"{timezone} is not a time zone"]
    if wrong:
        fail("\n".join(f"✗ {each}" for each in wrong), 2)
    found = examine(files, timezone=ZoneInfo(timezone), now=datetime.now(UTC), presets=presets)
    there, said = sampled(found)
    if as_json:
        rows = [each.json() for each in found]
        typer.echo(json.dumps({"files": rows, "sampled": there, "of": said}, ensure_ascii=False, indent=2))
    else:
        for each in found:
            typer.echo("\n".join(in_words(each)))
        if said:
            typer.echo(f"a sample: {there} of the {said} comments that these posts say they have")
    if not found:
        fail(f"✗ nothing to read in {', '.join(map(str, files))}: there are no files")
    if not any(each.is_usable for each in found):
        raise typer.Exit(1)


@main.command()
def score(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts to score.")] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="One text a line from standard input; one JSON object a line.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option(help="Who scores: our own table and lexicon, or SnowNLP.")
    ] = Engine.OWN,
) -> None:
    """Score texts, and say which words made the score."""
    scorer = SnowNlpScorer() if engine is Engine.SNOWNLP else Scorer()
    if lines:
        for line in sys.stdin:
            typer.echo(json.dumps(scorer.score(line.rstrip("\r\n")).json(), ensure_ascii=False))
        return
    if not texts:
        fail("✗ give a text, or --lines", 2)
    for text in texts:
        found = scorer.score(text)
        typer.echo(f"{found.label} {found.negative:.2f}  {text}")
        for reason in found.reasons:
            typer.echo(f"  {reason.weight:+.2f}  {reason.word}  ({reason.kind})")


@main.command()
def precheck(
    path: Annotated[Path, typer.Argument(help="A text, or a folder of captions.")],
    platform: Annotated[str, typer.Option(help="Where it is to go: weibo, douyin.comment, 小红书标题.")] = "",
    brand: Annotated[list[str] | None, typer.Option(help="The brand's name, for signatures.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a file.")] = False,
    language: Annotated[Literal["zh", "en"], typer.Option(help="What the checks are called in.")] = "zh",
) -> None:
    """Check texts before they are posted; a block ends with code 1."""
    paths, today = texts_in(path), datetime.now(UTC).astimezone().date()
    try:
        where = platform_named(platform)
    except PlatformError as error:
        fail(f"✗ --platform: unknown platform {error}", 2)
    if not path.exists() or not paths:
        fail(f"✗ no text found: {path}", 2)
    for late in overdue(today):
        typer.echo(f"! to be reviewed: {late}", err=True)
    checked = [check_file(each, platform=where, brands=brand or (), today=today) for each in paths]
    for each in checked:
        if as_json:
            typer.echo(json.dumps(each.json(), ensure_ascii=False))
        else:
            typer.echo("\n".join(each.lines(language)) or f"✓ {each.path}")
    if any(each.is_blocked or each.problem for each in checked):
        raise typer.Exit(1)


@main.command()
def bench(
    mentions: Annotated[
        int, typer.Option(min=100, help="How many comments come in while people work.")
    ] = 50_000,
    passing: Annotated[int, typer.Option(min=1000, help="How many comments the pass takes.")] = 100_000,
    as_json: Json = False,
) -> None:
    """Measure what is promised about time, each beside a baseline in the same run."""
    try:
        report = benchmark.run(mentions, passing)
    except benchmark.BenchError as error:
        fail(f"✗ {error}")
    if as_json:
        typer.echo(report.json())
    else:
        Console().print(report)


@main.command()
def backtest(
    min_mentions: Annotated[int | None, typer.Option(min=1, help="How many voices an alarm takes.")] = None,
    window: Annotated[str, typer.Option(help="How long comments merge, such as 30m.")] = "",
    word: Annotated[list[str] | None, typer.Option(help="A comment that holds it is a complaint.")] = None,
    mute: Annotated[list[str] | None, typer.Option(help="A word that is muted all the time.")] = None,
    days: Annotated[int, typer.Option(min=1, help="How far to look back.")] = 14,
    as_json: Json = False,
) -> None:
    """Replay what was stored with other settings, and show the alarms gained and lost."""
    config = settings()
    try:
        span = read_duration(window) if window else None
    except FaultError as error:
        fail(f"✗ --window: {error}; {error.hint}", 2)
    report = asyncio.run(
        trials.of(
            config, min_mentions=min_mentions, window=span, words=word or (), mutes=mute or (), days=days
        )
    )
    typer.echo(
        json.dumps(trials.as_json(report), ensure_ascii=False)
        if as_json
        else "\n".join(trials.in_words(report, config.team.zone))
    )


@playbook.command("lint")
def playbook_lint(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Your own folder of playbooks, or one file; the bundled ones if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check playbooks, templates and scenarios; file, line and mend for each problem."""
    problems = lint(folder, datetime.now(UTC).date())
    if as_json:
        rows = [
            {
                "file": str(each.path),
                "line": each.line,
                "severity": each.severity,
                "message": each.message,
                "hint": each.hint,
            }
            for each in problems
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for each in problems:
            typer.echo(f"{each.severity}: {each}")
        typer.echo(f"{len(problems)} problems" if problems else "✓ no problems")
    if any(each.severity == "error" for each in problems):
        raise typer.Exit(1)


@playbook.command("export")
def playbook_export(
    kind: Annotated[str, typer.Argument(help="The playbook's file name or title.")],
    folder: Annotated[Path | None, typer.Option("--from", help="Your own folder of playbooks.")] = None,
) -> None:
    """Print a playbook as a Markdown checklist."""
    try:
        library = load_playbooks(folder)
    except PlaybookError as error:
        fail(str(error))
    found = library.find(kind)
    if found is None:
        fail(f"✗ there is no playbook {kind}; there are: {', '.join(library.playbooks)}", 2)
    typer.echo(as_markdown(found), nl=False)


@playbook.command("import")
def playbook_import(
    file: Annotated[Path, typer.Argument(help="A Markdown checklist, as export prints it.")],
    folder: Annotated[
        Path | None, typer.Option("--to", help="Your own folder of playbooks; printed if left out.")
    ] = None,
) -> None:
    """Make a playbook of a Markdown checklist; file, line and mend for whatever does not fit."""
    try:
        found = take_in(file)
    except PlaybookError as error:
        fail(str(error))
    if folder is None:
        typer.echo(as_yaml(found), nl=False)
        return
    target = folder / "types" / f"{found.id}.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(as_yaml(found), encoding="utf-8")
    typer.echo(f"+ {target}")


@main.command()
def review(
    number: Annotated[int, typer.Argument(help="The incident's number.")],
    language: Language = "",
) -> None:
    """Print the review of an incident as Markdown."""
    config = settings()
    try:
        text = asyncio.run(trials.review(config, number, language))
    except PlaybookError as error:
        fail(str(error), 2)
    if text is None:
        fail(f"✗ there is no incident #{number}")
    typer.echo(text)


@database.command("upgrade")
def upgrade() -> None:
    """Bring the tables to the newest version."""
    config = settings()
    store = Database(config.database_url, config.key)
    asyncio.run(store.upgrade())
    typer.echo("✓ up to date")


@database.command("verify")
def verify() -> None:
    """Prove that no timeline entry was changed, moved or taken out."""
    config = settings()
    broken, count = asyncio.run(_verified(config))
    for each in broken:
        typer.echo(f"✗ {each}", err=True)
    if broken:
        raise typer.Exit(1)
    typer.echo(f"✓ {count} timelines hold")


async def _verified(config: Config) -> tuple[list[str], int]:
    store = Database(config.database_url, config.key)
    await store.upgrade()
    try:
        async with store.read() as session:
            found = await incidents.every(session)
            checked = [await timeline.broken(session, incident) for incident in found]
        return [each for each in checked if each], len(found)
    finally:
        await store.close()
