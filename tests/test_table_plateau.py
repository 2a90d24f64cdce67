"""Trainings that stopped on a plateau are told."""

from __future__ import annotations

from typing import Any

from becam.tables.plateau import early_stops


def runs(data: str, label: str, *best: int) -> list[dict[str, Any]]:
    model = label.partition(",")[0]
    return [
        {"data": data, "model": model, "label": label, "seed": seed, "best_epoch": epoch}
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
        "demo, freedom: 3 of 9 trainings were best before epoch 32, where half are best after 128 "
        "(freedom: 2, freedom+befa: 1); they may have stopped on a plateau, and differences "
        "between rows may be luck. Try a patience above 10."
    ]


def test_recommenders_and_data_are_judged_apart() -> None:
    alike = [*runs("a", "bm3", 20, 22), *runs("a", "lattice", 200, 210), *runs("b", "bm3", 300)]
    assert early_stops(alike, patience=10) == []
    assert early_stops([], patience=10) == []
