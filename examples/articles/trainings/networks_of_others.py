"""
Networks of others that some pages read, from a folder of them.

They are in public repositories, and keep their licences. A file ``FOLDER/PARENT__FILE`` stands in
the repository as ``.../PARENT/FILE``:

==========  ==========================================================
folder      repository
==========  ==========================================================
ani         isayev/ASE_ANI, ani_models, converted to safetensors
dtln        breizhn/DTLN, pretrained_model
g2p         Kyubyong/g2p, g2p_en, converted from npz to safetensors
magika      google/magika, assets/models and python/magika/models
peft        huggingface/peft, outputs/peft_mrpc_40_rerun
silero      snakers4/silero-vad, src/silero_vad/data
soccer      Awesommesh/SoccerPPO, results/ppo/SoccerAgent, step by step
unitree     unitreerobotics/unitree_rl_lab, deploy/robots/g1
wildbg      carsten-wenderdel/wildbg-training, data/0001 to data/0017
==========  ==========================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["check"]


def check(folder: Path, paths: Iterable[str]) -> None:
    """
    Check that networks are in a folder.

    Raises
    ------
    FileNotFoundError
        If files are missing; the message names all of them.
    """
    wanted = list(paths)
    missing = [path for path in wanted if not (folder / path).is_file()]
    if missing:
        msg = (
            f"{folder} lacks {len(missing)} of {len(wanted)} networks, whose sources "
            f"trainings/networks_of_others.py names: {', '.join(missing)}"
        )
        raise FileNotFoundError(msg)
