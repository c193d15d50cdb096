"""Memory of a run: sizes in words, the free memory of a machine, and limits of control groups."""

import math

import pytest

from spectra.errors import ArgumentError
from spectra_io.runs import budgets


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4 * 10**9),
        ("4 gb", 4 * 10**9),
        ("4G", 4 * 10**9),
        ("0.5GiB", 2**29),
        ("512MB", 512 * 10**6),
        ("512Mi", 512 * 2**20),
        ("300000kB", 3 * 10**8),
        ("1T", 10**12),
    ],
)
def test_sizes(text, size):
    assert budgets.parsed(text) == size


@pytest.mark.parametrize(
    "text", ["", "4", "GB", "-4GB", "4 GB 2", "4XB", "1e9", "nan", "inf", "٤GB", "4,5GB", "4GBB"]
)
def test_what_is_not_a_size(text):
    with pytest.raises(ArgumentError, match=r"with a unit, such as 4GB, 512MB or 1.5GiB; got '"):
        budgets.parsed(text)


@pytest.mark.parametrize("text", ["1kB", "0GB", "240MB", "9" * 400 + "TB"])
def test_what_is_too_small_or_infinite(text):
    with pytest.raises(ArgumentError, match="must be more than the 240MB that the program itself"):
        budgets.parsed(text)


def machine(root, groups, files):
    """Write files of a system with 8 GB of available memory."""
    files = {
        "proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable:    8000000 kB\n",
        "proc/self/cgroup": groups,
        **files,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_without_limits_the_free_memory_counts(tmp_path):
    assert budgets.free(machine(tmp_path, "", {})) == 8_192_000_000
    assert budgets.free(tmp_path / "nowhere") == math.inf


V2 = "sys/fs/cgroup"
V1 = "sys/fs/cgroup/memory"


def test_limits_of_groups_of_the_second_version(tmp_path):
    root = machine(
        tmp_path,
        "0::/a/b\n",
        {
            f"{V2}/a/b/memory.max": "max\n",
            f"{V2}/a/b/memory.current": "1000\n",
            f"{V2}/a/memory.max": "3000000000\n",
            f"{V2}/a/memory.current": "2000000000\n",
            f"{V2}/a/memory.stat": "anon 5\ninactive_file 500000000\n",
        },
    )
    assert budgets.free(root) == 1_500_000_000


def test_limits_of_groups_of_the_first_version(tmp_path):
    """In a container the folder of the group is not there, the one above is."""
    root = machine(
        tmp_path,
        "5:cpu,cpuacct:/x\n4:memory:/docker/ab:cd\n0::/\n",
        {
            f"{V1}/memory.limit_in_bytes": "2000000000\n",
            f"{V1}/memory.usage_in_bytes": "1800000000\n",
            f"{V1}/memory.stat": "inactive_file 7\ntotal_inactive_file 100000000\n",
        },
    )
    assert budgets.free(root) == 300_000_000
    (root / f"{V1}/memory.usage_in_bytes").write_text("2200000000\n")
    assert budgets.free(root) == 0
    (root / f"{V1}/memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert budgets.free(root) == 8_192_000_000
