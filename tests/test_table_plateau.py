"""Trainings that stopped on a plateau are told."""

from __future__ import annotations

from typing import Any

from becam.tables.plateau import early_stops


def runs(data: str, label: str, *best: int, waited: int = 10) -> list[dict[str, Any]]:
    about = {"data": data, "model": label.partition(",")[0], "label": label}
    return [
        {**about, "seed": seed, "best_epoch": epoch, "epochs": epoch + waited}
        for seed, epoch in enumerate(best)
    ]


def test_early_stops_are_counted_by_row() -> None:
    found = early_stops(
        [
            *runs("demo", "freedom, no modality", 120, 130, 140),
            *runs("demo", "freedom", 24, 19, 180),
            *runs("demo", "freedom+befa", 230, 128, 28),
            *runs("demo", "bm3", 100, 110, 90),
        ],
        patience=10,
    )
    assert found == [
        "demo, freedom: 3 of 9 trainings were best by epoch 28, where half are best in epoch 128 "
        "or later (freedom: 2, freedom+befa: 1); they may have stopped on a plateau, and "
        "differences between rows may be luck. Try a patience above 10."
    ]


def test_what_the_last_epoch_ended_did_not_stop_early() -> None:
    assert early_stops(runs("a", "bm3", 1, 6, 6, 6, waited=5), patience=10) == []
    (line,) = early_stops(runs("a", "bm3", 1, 6, 6, 6, waited=10), patience=10)
    assert "1 of 4 trainings were best by epoch 1, where half are best in epoch 6" in line


def test_recommenders_and_data_are_judged_apart() -> None:
    alike = [*runs("a", "bm3", 20, 22), *runs("a", "lattice", 200, 210), *runs("b", "bm3", 300)]
    assert early_stops(alike, patience=10) == []
    assert early_stops([], patience=10) == []
