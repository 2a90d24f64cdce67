"""BM3 against its formulas, written out plainly in float64."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from recsys.configs import BM3Config, ModelConfig, TrainingConfig
from recsys.errors import InputError
from recsys.graph import InteractionGraph, sum_neighbours, sum_neighbours_by_edge
from recsys.models.base import Recommender
from recsys.models.build import build
from recsys.models.names import ModelName

N_USERS, N_ITEMS, DIM = 7, 6, 4
TRAIN = np.array(
    [[0, 0], [0, 1], [1, 1], [2, 2], [3, 0], [3, 4], [4, 3], [5, 1], [5, 2], [0, 0]]
)  # user 6 and item 5 have no interaction; (0, 0) is there twice
USERS = torch.tensor([0, 0, 3, 5, 2, 0])
ITEMS = torch.tensor([0, 1, 4, 1, 2, 0])
TWO = {"image": 5, "text": 3}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make(
    name: str = "bm3",
    sizes: Mapping[str, int] = TWO,
    *,
    frozen: bool = False,
    dtype: torch.dtype = torch.float64,
    **options: float,
) -> Recommender:
    features = {m: torch.randn(N_ITEMS, size, generator=seeded(9)) for m, size in sizes.items()}
    config = ModelConfig(
        dim=DIM,
        features="frozen" if frozen else "trainable",
        recommender=BM3Config(**options),
    )
    return build(
        ModelName.parse(name),
        config,
        train=TRAIN,
        n_users=N_USERS,
        n_items=N_ITEMS,
        features=features,
        generator=seeded(),
        dtype=dtype,
    )


def adjacency() -> Tensor:
    a = torch.zeros(N_USERS + N_ITEMS, N_USERS + N_ITEMS, dtype=torch.float64)
    for user, item in TRAIN.tolist():
        a[user, N_USERS + item] = a[N_USERS + item, user] = 1
    degrees = a.sum(1)
    scale = torch.where(degrees > 0, degrees, 1).rsqrt()
    return scale[:, None] * a * scale[None, :]


def reference_loss(p: dict[str, Tensor], config: BM3Config, sizes: Mapping[str, int]) -> Tensor:
    """BM3's loss by the book: everything dense, one interaction at a time, no dropout."""
    ids = torch.cat([p["user_embedding"], p["item_embedding"]])
    a, layer, total = adjacency(), ids, ids.clone()
    for _ in range(config.layers):
        layer = a @ layer
        total = total + layer
    mean = total / (config.layers + 1)
    h_users, h_items = mean[:N_USERS], mean[N_USERS:] + p["item_embedding"]

    def predict(x: Tensor) -> Tensor:
        return x @ p["predictor.weight"].T + p["predictor.bias"]

    def distance(online: Tensor, target: Tensor) -> Tensor:
        target = target.detach()
        return 1 - (online @ target) / (online.square().sum().sqrt() * target.square().sum().sqrt())

    loss = torch.zeros((), dtype=torch.float64)
    for user, item in zip(USERS.tolist(), ITEMS.tolist(), strict=True):
        loss = loss + distance(predict(h_users[user]), h_items[item])
        loss = loss + distance(predict(h_items[item]), h_users[user])
        for m in range(len(sizes)):
            weight, bias = (p[f"branches.{m}.projection.{part}"] for part in ("weight", "bias"))
            h_m = weight @ p[f"branches.{m}.features"][item] + bias
            loss = loss + config.cl * distance(predict(h_m), h_items[item])
            loss = loss + config.cl * distance(predict(h_m), h_m)
    norms = h_users.square().sum().sqrt() + h_items.square().sum().sqrt()
    return loss / len(USERS) + config.reg * norms / N_ITEMS


@pytest.mark.parametrize("layers", [0, 1, 2])
@pytest.mark.parametrize("sizes", [{}, {"image": 5}, TWO, {"a": 2, "b": 3, "c": 4}])
def test_loss_and_one_adam_step_match_the_reference(layers: int, sizes: dict[str, int]) -> None:
    model = make(sizes=sizes, layers=layers, dropout=0)
    config = BM3Config(layers=layers, dropout=0)
    p = {n: v.detach().clone().requires_grad_() for n, v in model.named_parameters()}
    expected = reference_loss(p, config, sizes)
    expected.backward()

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss = model.loss(USERS, ITEMS, generator=seeded())
    loss.backward()
    optimizer.step()
    torch.testing.assert_close(loss.detach(), expected.detach(), rtol=1e-12, atol=1e-12)
    for name, parameter in model.named_parameters():
        gradient = p[name].grad
        assert gradient is not None
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-12)
        m, v = 0.1 * gradient, 0.001 * gradient**2  # Adam's first step, beta = (0.9, 0.999)
        step = 1e-3 * (m / 0.1) / ((v / 0.001).sqrt() + 1e-8)
        torch.testing.assert_close(parameter.detach(), p[name].detach() - step)


def test_scores_are_those_of_the_predictor() -> None:
    model = make(layers=2)
    p = {n: v.detach() for n, v in model.named_parameters()}
    ids = torch.cat([p["user_embedding"], p["item_embedding"]])
    a = adjacency()
    mean = (ids + a @ ids + a @ a @ ids) / 3
    mean[N_USERS:] += p["item_embedding"]
    expected = mean @ p["predictor.weight"].T + p["predictor.bias"]
    users, items = model.embeddings()
    torch.testing.assert_close(torch.cat([users, items]).detach(), expected)


@pytest.mark.parametrize("name", ["bm3", "bm3+befa", "bm3+befa-reference", "bm3+lora"])
@pytest.mark.parametrize("frozen", [False, True])
def test_gradients_reach_what_is_trained_and_only_the_batch(name: str, frozen: bool) -> None:
    model = make(name, frozen=frozen)
    for branch in model.branches:
        if name == "bm3+lora":  # its zero start would stop the gradient of the other factor
            torch.nn.init.normal_(branch.adapter.up.weight, generator=seeded())
    model.loss(USERS, ITEMS, generator=seeded()).backward()
    names = dict(model.named_parameters())
    assert ("branches.0.features" in names) == (not frozen)
    for key, parameter in names.items():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0, key
    if not frozen:
        rows = names["branches.0.features"].grad.abs().sum(1) > 0
        assert rows.nonzero().flatten().tolist() == sorted(set(ITEMS.tolist()))


@pytest.mark.parametrize("name", ["bm3", "bm3+lora", "bm3+soft-prompt", "bm3+befa"])
def test_an_item_without_content_has_no_direction_and_no_gradient(name: str) -> None:
    made = make(name)
    with torch.no_grad():
        for branch in made.branches:
            branch.features[ITEMS[0]] = 0
    made.loss(USERS, ITEMS, generator=seeded()).backward()
    for weights, parameter in made.named_parameters():
        assert parameter.grad.abs().max() < 100, weights  # it was 1e10


def test_identity_gate_takes_nothing_from_the_content() -> None:
    model = make("bm3+identity-gate")
    model.loss(USERS, ITEMS, generator=seeded()).backward()
    for branch in model.branches:
        assert all(p.grad is None or not p.grad.any() for p in branch.parameters())


def test_targets_get_no_gradient() -> None:
    # With no layers and no regulariser, only the user's own online view can move the user.
    model = make(sizes={}, layers=0, reg=0, dropout=0)
    with torch.no_grad():
        model.predictor.weight.zero_()
        model.predictor.bias.fill_(1)
    model.loss(USERS, ITEMS, generator=seeded()).backward()
    assert not model.user_embedding.grad.any()
    assert not model.item_embedding.grad.any()


def test_dropout_follows_the_generator_and_evaluation_has_none() -> None:
    model = make(dropout=0.5)
    losses = [model.loss(USERS, ITEMS, generator=seeded(s)).item() for s in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]
    model.eval()
    assert model.loss(USERS, ITEMS).item() == make(dropout=0).loss(USERS, ITEMS).item()


@pytest.mark.parametrize(
    ("n_users", "n_items", "numbers"),
    [(13_104, 7_848, 9_447_104), (46_420, 14_079, 18_358_656), (43_543, 16_915, 21_260_096)],
    ids=["TMALL", "Microlens", "H&M"],
)
def test_parameter_counts_of_table_4(n_users: int, n_items: int, numbers: int) -> None:
    features = {name: torch.zeros(1, 512).expand(n_items, 512) for name in ("image", "text")}
    model = build(
        ModelName("bm3"),
        ModelConfig(),
        train=np.zeros((1, 2), dtype=np.int64),
        n_users=n_users,
        n_items=n_items,
        features=features,
        generator=seeded(),
    )
    assert model.n_parameters() == numbers


def test_the_adapter_does_not_change_how_the_rest_starts() -> None:
    before, after = make("bm3"), make("bm3+befa")
    weights = after.state_dict()
    for name, value in before.state_dict().items():
        assert torch.equal(weights[name], value), name


def test_frozen_features_are_no_weights() -> None:
    model = make(frozen=True, dtype=torch.float32)
    assert not any("features" in name for name in model.state_dict())
    assert model.n_parameters() == (N_USERS + N_ITEMS) * DIM + (5 + 3 + 2) * DIM + DIM**2 + DIM


@pytest.mark.parametrize("name", ["bm3", "bm3+befa", "bm3+soft-prompt"])
def test_to_behavioural_space_is_projection_then_adapter(name: str) -> None:
    model = make(name).eval()
    content = torch.randn(3, 5, generator=seeded(), dtype=torch.float64)
    b = model.behavioural_embeddings()[:3]
    projected = model.project("image", content)
    weight, bias = model.branches[0].projection.weight, model.branches[0].projection.bias
    torch.testing.assert_close(projected, content @ weight.T + bias)
    result = model.to_behavioural_space("image", content, b)
    assert torch.equal(result, model.adapt("image", projected, b))
    assert torch.equal(result, projected) == (name != "bm3+befa")
    with pytest.raises(InputError, match="unknown modality 'imagee'; did you mean image"):
        model.project("imagee", content)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_both_ways_to_sum_neighbours_agree(dtype: torch.dtype) -> None:
    graph = InteractionGraph(torch.as_tensor(TRAIN), N_USERS, N_ITEMS, dtype)
    values = torch.randn(N_ITEMS, 3, generator=seeded(), dtype=dtype)
    arguments = (values, graph._user_starts, graph._user_neighbours, graph._user_weights)
    torch.testing.assert_close(sum_neighbours(*arguments), sum_neighbours_by_edge(*arguments))


def test_options_of_another_model_are_refused() -> None:
    from adapters.registry import BeFAConfig, LoRAConfig
    from recsys.models.build import complete

    with pytest.raises(TypeError, match="no adapter"):
        complete(ModelName("bm3"), ModelConfig(adapter=BeFAConfig()))
    with pytest.raises(TypeError, match="BeFAConfig"):
        complete(ModelName("bm3", "befa"), ModelConfig(adapter=LoRAConfig()))
    with pytest.raises(InputError, match="k \\* dim"):
        complete(ModelName("bm3", "befa"), ModelConfig(adapter=BeFAConfig(k=0.3)))


@pytest.mark.parametrize(
    ("build_config", "message"),
    [
        (lambda: ModelConfig(features="frosen"), "did you mean frozen"),
        (lambda: ModelConfig(dim=0), "dim must be at least 1"),
        (lambda: BM3Config(dropout=1), "dropout"),
        (lambda: BM3Config(reg=float("nan")), "reg"),
        (lambda: TrainingConfig(metric="recal@20"), "did you mean recall"),
        (lambda: TrainingConfig(metric="recall"), "cut-off"),
        (lambda: TrainingConfig(metric="recall@0"), "cut-off"),
        (lambda: TrainingConfig(lr=0), "lr"),
        (lambda: TrainingConfig(mask="test"), "unknown mask"),
    ],
)
def test_wrong_options_get_one_line(build_config, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_config()
