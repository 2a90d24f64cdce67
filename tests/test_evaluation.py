"""Evaluation against a plain ranking, one user and one item at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import recsys.evaluation
from recsys.data.splits import Split
from recsys.errors import InputError
from recsys.evaluation import Evaluator

KS = (1, 3, 10)


def pairs(rows: list[tuple[int, int]]) -> np.ndarray:
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def random_split(rng: np.random.Generator, n_users: int, n_items: int, share: float) -> Split:
    cells = rng.permutation(n_users * n_items)[: int(share * n_users * n_items)]
    rows = np.stack([cells // n_items, cells % n_items], axis=1)
    kinds = rng.integers(0, 3, len(rows))
    return Split(*(rows[kinds == kind] for kind in range(3)), n_users, n_items)


def by_the_book(split: Split, scores: np.ndarray, part: str, mask: str) -> dict[str, dict]:
    """Metrics by metric and user: sort, look, add up."""
    hidden = [split.train] if part == "valid" or mask == "train" else [split.train, split.valid]
    values: dict[str, dict[int, float]] = {}
    for user in range(split.n_users):
        wanted = {int(i) for u, i in getattr(split, part) if u == user}
        known = mask != "train" or any(u == user for u, _ in split.train)
        if not (wanted and known):
            continue
        banned = {int(i) for block in hidden for u, i in block if u == user}
        left = [i for i in range(split.n_items) if i not in banned]
        # Ties go against the model: among equals, wanted items come last.
        ranking = sorted(left, key=lambda i: (-scores[user, i], i in wanted))
        for k in KS:
            hits = [place for place, i in enumerate(ranking[:k], start=1) if i in wanted]
            ideal = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(wanted)) + 1))
            found = {
                "recall": len(hits) / len(wanted),
                "precision": len(hits) / k,
                "hit": float(bool(hits)),
                "ndcg": sum(1 / math.log2(place + 1) for place in hits) / ideal,
                "map": sum(n / place for n, place in enumerate(hits, start=1))
                / min(k, len(wanted)),
            }
            for name, value in found.items():
                values.setdefault(f"{name}@{k}", {})[user] = value
    return values


@pytest.mark.parametrize("mask", ["train+valid", "train"])
@pytest.mark.parametrize("at_once", [1, 60, 1 << 22])
def test_metrics_match_a_plain_ranking(
    mask: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recsys.evaluation, "SCORES_AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    split = random_split(rng, 23, 17, 0.4)
    users, items = rng.normal(size=(23, 5)), rng.normal(size=(17, 5))
    evaluator = Evaluator(split, ks=KS, mask=mask)
    found = evaluator.evaluate(torch.as_tensor(users), torch.as_tensor(items))
    for part in ("valid", "test"):
        expected = by_the_book(split, users @ items.T, part, mask)
        assert set(found[part].per_user) == set(expected)
        for name, values in expected.items():
            assert found[part].users.tolist() == list(values)
            np.testing.assert_allclose(found[part].per_user[name], list(values.values()))
            assert found[part].metrics[name] == pytest.approx(np.mean(list(values.values())))


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    n_users=st.integers(1, 8),
    n_items=st.integers(2, 12),
    share=st.floats(0.3, 1),
)
def test_metrics_stay_in_bounds_and_grow_with_k(
    seed: int, n_users: int, n_items: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    split = random_split(rng, n_users, n_items, share)
    users = torch.as_tensor(rng.integers(-1, 2, (n_users, 2)))  # many ties
    items = torch.as_tensor(rng.integers(-1, 2, (n_items, 2)))
    found = Evaluator(split, ks=KS).evaluate(users.double(), items.double())
    for part in found.values():
        for name, values in part.per_user.items():
            assert len(values) == len(part.users)
            assert ((values >= 0) & (values <= 1)).all(), name
        for name in ("recall", "hit"):
            assert (part.per_user[f"{name}@1"] <= part.per_user[f"{name}@3"]).all()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), n_items=st.integers(4, 15))
def test_a_perfect_ranking_gives_1(seed: int, n_items: int) -> None:
    rng = np.random.default_rng(seed)
    n_users = 5
    split = random_split(rng, n_users, n_items, 0.5)
    scores = np.zeros((n_users, n_items))
    scores[split.test[:, 0], split.test[:, 1]] = 1 + rng.random(len(split.test))
    scores[split.train[:, 0], split.train[:, 1]] = 9  # to be hidden
    scores[split.valid[:, 0], split.valid[:, 1]] = 8
    found = Evaluator(split, ks=(n_items,)).evaluate(
        torch.as_tensor(scores), torch.eye(n_items, dtype=torch.float64), ("test",)
    )["test"]
    for name in ("recall", "ndcg", "map", "hit"):
        assert (found.per_user[f"{name}@{n_items}"] == pytest.approx(1)) or not len(found.users)


def test_equal_scores_give_nothing_whatever_the_order_of_items() -> None:
    split = Split(pairs([(0, 0)]), pairs([(0, 1)]), pairs([(0, 2)]), 1, 50)
    found = Evaluator(split, ks=(10,)).evaluate(torch.ones(1, 3), torch.ones(50, 3))
    assert found["test"].metrics["hit@10"] == 0
    assert found["valid"].metrics["hit@10"] == 0


def test_a_user_who_has_met_everything_else_finds_the_last_item() -> None:
    split = Split(pairs([(0, 0), (0, 1)]), pairs([(0, 2)]), pairs([(0, 3)]), 2, 4)
    scores = torch.tensor([[9.0, 8, 7, -5], [1, 2, 3, 4]])
    found = Evaluator(split, ks=(1,)).evaluate(scores, torch.eye(4))
    assert found["test"].metrics["recall@1"] == 1
    assert found["test"].users.tolist() == [0], "users without test items do not count"
    only_train = Evaluator(split, ks=(1,), mask="train").evaluate(scores, torch.eye(4))
    assert only_train["test"].metrics["recall@1"] == 0


def cold_split() -> Split:
    """Users 0 and 1 are trained on; user 2 has validation items alone, user 3 test items alone."""
    rows = ([(0, 0), (1, 1)], [(0, 2), (2, 3)], [(1, 2), (3, 3)])
    return Split(*map(pairs, rows), 4, 5)


@pytest.mark.parametrize(
    ("mask", "valid", "test"), [("train", [0], [1]), ("train+valid", [0, 2], [1, 3])]
)
def test_users_without_a_row_in_train_count_but_not_as_published_toolkits_do(
    mask: str, valid: list[int], test: list[int]
) -> None:
    scores = torch.zeros(4, 5)
    scores[0, 2] = scores[1, 2] = 1  # what the trained users want; the others get nothing
    found = Evaluator(cold_split(), ks=(1,), mask=mask).evaluate(scores, torch.eye(5))
    assert found["valid"].users.tolist() == valid
    assert found["test"].users.tolist() == test
    for part in found.values():
        assert part.metrics["recall@1"] == 1 / len(part.users)


def test_a_part_of_which_nothing_would_be_left_is_refused() -> None:
    split = Split(pairs([(0, 0), (1, 1)]), pairs([(0, 2)]), pairs([(2, 3)]), 3, 4)
    Evaluator(split)
    with pytest.raises(InputError, match="no user of test has an interaction in train, and mask"):
        Evaluator(split, mask="train")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_scores_that_are_not_finite_are_no_result(value: float) -> None:
    split = Split(pairs([(0, 0)]), pairs([(0, 1)]), pairs([(0, 2)]), 1, 3)
    with pytest.raises(FloatingPointError):
        Evaluator(split).evaluate(torch.full((1, 1), value), torch.ones(3, 1))


def test_a_cut_off_beyond_all_items_costs_nothing() -> None:
    split = random_split(np.random.default_rng(0), 5, 9, 0.8)
    embeddings = (torch.randn(5, 3), torch.randn(9, 3))
    far, near = (Evaluator(split, ks=(k,)).evaluate(*embeddings) for k in (2**31 - 1, 9))
    for part in ("valid", "test"):
        for name in ("recall", "ndcg", "hit"):
            found = far[part].per_user[f"{name}@{2**31 - 1}"]
            np.testing.assert_array_equal(found, near[part].per_user[f"{name}@9"])


def test_wrong_options() -> None:
    split = Split(pairs([(0, 0)]), pairs([(0, 1)]), pairs([(0, 2)]), 1, 3)
    with pytest.raises(InputError, match="unknown mask 'trian'; did you mean train"):
        Evaluator(split, mask="trian")
    with pytest.raises(ValueError, match="ks"):
        Evaluator(split, ks=(0,))
    with pytest.raises(ValueError, match="part"):
        Evaluator(split).evaluate(torch.ones(1, 1), torch.ones(3, 1), ("tset",))
