"""Where `assay bench --save-baseline NAME` leaves its result files, and finding one by its name.

The rule for names and the folder is also in bench/report/baseline.cpp; baseline_examples.json there is tested on both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from .errors import NO_BASELINE, UserError

# No name leads to another folder or to a hidden file, and NAME.json fits the 255 bytes that file systems allow.
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,249}")
MOST_NAMED = 10  # of the baselines that a message lists, so that it stays a sentence


def folder(environment: Mapping[str, str] = os.environ) -> Path:
    """$ASSAY_BASELINES; else $XDG_DATA_HOME/assay/baselines; else $HOME/.local/share/assay/baselines.

    XDG_DATA_HOME counts only if it is an absolute path, as the XDG specification demands. Empty ones are unset.
    """
    if own := environment.get("ASSAY_BASELINES"):
        return Path(own)
    data_home = environment.get("XDG_DATA_HOME", "")
    if os.path.isabs(data_home):
        return Path(data_home) / "assay" / "baselines"
    home = environment.get("HOME", "")
    if not home:
        raise UserError("there is no folder of baselines: set ASSAY_BASELINES to one")
    return Path(home) / ".local" / "share" / "assay" / "baselines"


def find(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The path of the baseline's file; a UserError with NO_BASELINE names the folder and what there is."""
    if not NAME.fullmatch(name):
        raise UserError(
            f'a baseline cannot be called "{name}": a name has A-Z a-z 0-9 _ . - and no dot in front, '
            "and 250 characters at most"
        )
    where = folder(environment)
    path = where / f"{name}.json"
    if path.exists():
        return str(path)
    raise UserError(
        f"there is no baseline '{name}' in {where}, {_there_are(where)}: "
        f"make it with `assay bench --save-baseline {name}`",
        NO_BASELINE,
    )


def _there_are(where: Path) -> str:
    try:
        names = sorted(
            entry.stem for entry in where.iterdir() if entry.suffix == ".json" and NAME.fullmatch(entry.stem)
        )
    except FileNotFoundError:
        return "which does not exist"
    except OSError as error:
        return f"which cannot be listed ({error.strerror})"
    if not names:
        return "which holds none"
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"which holds {', '.join(names[:MOST_NAMED])}{more}"
