"""Arguments for the operators for which those made from the schema mean little: `key -> function of the dtype -> argument lists`.

An entry may also say that torch calls the operator otherwise than `torch.ops.aten` does, or that its numbers can't be compared.
"""

import torch
from samples import tensor as t

F32, F64, I64 = torch.float32, torch.float64, torch.int64


def _index(*values):
    return torch.tensor(values)


def _ends(*values):
    return torch.tensor(values, dtype=torch.int32)


def _conv(spatial):
    size, kernel = (9, 8, 7)[:spatial], (3, 2, 3)[:spatial]
    ones, zeros = [1] * spatial, [0] * spatial

    def cases(d):
        x, w, b = t((2, 4, *size), d), t((6, 4, *kernel), d, 1), t((6,), d, 2)
        return [
            [x, w, b, ones, zeros, ones, 1],
            [x, w, None, [2] * spatial, [1] * spatial, ones, 1],
            [x, t((6, 2, *kernel), d), b, ones, [1] * spatial, [2] * spatial, 2],
            [x[0], w, b, ones, zeros, ones, 1],
            [x, t((4, 1, *kernel), d), None, ones, zeros, ones, 4],
            [x[:, :3], w, b, ones, zeros, ones, 1],
        ]

    return cases


def _conv_padding(spatial):
    def cases(d):
        x, w, b = t((2, 4, *(9, 8, 7)[:spatial]), d), t((6, 4, *(3, 2, 3)[:spatial]), d, 1), t((6,), d, 2)
        one = [1] * spatial
        return [
            [x, w, b, one, "same", one, 1],
            [x, w, b, [2] * spatial, "valid", one, 1],
            [x, w, None, one, "same", [2] * spatial, 1],
        ]

    return cases


def _conv_transpose(spatial):
    def cases(d):
        size, kernel = (5, 4, 3)[:spatial], (3, 2, 3)[:spatial]
        x, w, b = t((2, 4, *size), d), t((4, 3, *kernel), d, 1), t((3,), d, 2)
        ones, zeros = [1] * spatial, [0] * spatial
        return [
            [x, w, b, ones, zeros, zeros, 1, ones],
            [x, w, None, [2] * spatial, [1] * spatial, ones, 1, ones],
            [x, w, t((6,), d), [2] * spatial, zeros, zeros, 2, ones],
            [x, w, b, ones, ones, zeros, 1, [2] * spatial],
        ]

    return cases


def _max_pool(spatial):
    def cases(d):
        x = t((2, 3, *(9, 8, 7)[:spatial]), d)
        n = spatial
        return [
            [x, [2] * n, [], [0] * n, [1] * n, False],
            [x, [3] * n, [2] * n, [1] * n, [1] * n, False],
            [x, [3] * n, [2] * n, [1] * n, [1] * n, True],
            [x[0], [2] * n, [1] * n, [0] * n, [2] * n, False],
        ]

    return cases


def _avg_pool(spatial):
    def cases(d):
        x = t((2, 3, *(9, 8, 7)[:spatial]), d)
        n = spatial
        rest = [[None], [None], [None], [None]] if n > 1 else [[]] * 4
        calls = [
            [x, [2] * n, [], [0] * n, False, True, *rest[0]],
            [x, [3] * n, [2] * n, [1] * n, False, True, *rest[1]],
            [x, [3] * n, [2] * n, [1] * n, True, True, *rest[2]],
            [x[0], [3] * n, [2] * n, [1] * n, True, False, *rest[3]],
            [x, [3] * n, [1] * n, [1] * n, False, False, *rest[3]],
        ]
        if n > 1:
            calls.append([x, [2] * n, [], [0] * n, False, True, 3])
        return calls

    return cases


def _adaptive(spatial):
    def cases(d):
        x = t((2, 3, *(9, 8, 6)[:spatial]), d)
        return [[x, [1] * spatial], [x, [3, 4, 2][:spatial]], [x, [4, 3, 5][:spatial]], [x[0], [2] * spatial]]

    return cases


def _norm(d):
    x, w, b = t((4, 3, 5), d), t((3,), d, 1), t((3,), d, 2)
    return x, w, b


def _batch_norm(d):
    x, w, b = _norm(d)
    m, v = t((3,), d, 3), t((3,), d, 4)
    return [
        [x, w, b, m, v, False, 0.1, 1e-5, False],
        [x, None, None, m, v, False, 0.1, 1e-5, False],
        [x, w, b, None, None, True, 0.1, 1e-5, False],
        [x[..., 0], w, b, m, v, False, 0.1, 1e-3, False],
        [x, w, b, m[:2], v, False, 0.1, 1e-5, False],
    ]


def _rnn(kind, bidirectional=False, layers=1, biases=True, batch_first=False, proj=0):
    def cases(d):
        gates = {"lstm": 4, "gru": 3}.get(kind, 1)
        inputs, hidden, batch, time = 3, 4, 2, 5
        directions = 1 + bidirectional
        out = proj or hidden
        params = []
        for layer in range(layers):
            for _ in range(directions):
                width = inputs if layer == 0 else out * directions
                shift = 0.5 if d.is_floating_point else 0
                shapes = [(gates * hidden, width), (gates * hidden, out), *([(gates * hidden,)] * 2 if biases else [])]
                params += [t(s, d, len(params) + i) - shift if shift else t(s, d) for i, s in enumerate(shapes)]
                if proj:
                    params.append(t((proj, hidden), d, len(params)))
        x = t((batch, time, inputs) if batch_first else (time, batch, inputs), d)
        h = t((layers * directions, batch, out), d, 5)
        state = [h, t((layers * directions, batch, hidden), d, 6)] if kind == "lstm" else h
        return [x, state, params, biases, layers, 0.0, False, bidirectional, batch_first]

    return cases


def _rnn_cases(kind):
    variants = [
        _rnn(kind),
        _rnn(kind, bidirectional=True, layers=2),
        _rnn(kind, biases=False),
        _rnn(kind, batch_first=True, layers=2),
        *([_rnn(kind, proj=2)] if kind == "lstm" else []),
    ]
    return lambda d: [v(d) for v in variants] if d.is_floating_point else []


def _packed_rnn_cases(kind):
    def packed(make):
        def cases(d):
            _, state, params, biases, layers, dropout, train, bidirectional, _ = make(d)
            batch_sizes = _index(2, 2, 1, 1, 1)
            return [t((7, 3), d), batch_sizes, state, params, biases, layers, dropout, train, bidirectional]

        return cases

    variants = [packed(_rnn(kind)), packed(_rnn(kind, bidirectional=True, layers=2)), packed(_rnn(kind, biases=False))]
    return lambda d: [v(d) for v in variants] if d.is_floating_point else []


def _cell(kind):
    def cases(d):
        gates = {"lstm": 4, "gru": 3}.get(kind, 1)
        x, h = t((2, 3), d), t((2, 4), d, 1)
        w = [t((gates * 4, 3), d, 2), t((gates * 4, 4), d, 3), t((gates * 4,), d, 4), t((gates * 4,), d, 5)]
        state = [h, t((2, 4), d, 6)] if kind == "lstm" else h
        return [[x, state, *w], [x, state, *w[:2], None, None]]

    return cases


def _attention(d):
    q, k, v = t((2, 3, 5, 4), d), t((2, 3, 6, 4), d, 1), t((2, 3, 6, 7), d, 2)
    mask = torch.arange(30).reshape(5, 6) % 3 != 0
    gone = mask.clone()
    gone[1] = False
    return [
        [q, k, v, None, 0.0, False, None, False],
        [q, k, v, mask, 0.0, False, None, False],
        [q, k, v, gone, 0.0, False, None, False],
        [q, k, v, t((5, 6), d, 4), 0.0, False, 0.3, False],
        [q, q, q, None, 0.0, True, None, False],
        [t((2, 4, 5, 4), d), t((2, 2, 6, 4), d), t((2, 2, 6, 4), d, 1), None, 0.0, False, None, True],
    ]


def _native_attention(d):
    x = t((2, 5, 8), d)
    w, b, pw, pb = t((24, 8), d, 1), t((24,), d, 2), t((8, 8), d, 3), t((8,), d, 4)
    key_mask = torch.tensor([[False] * 4 + [True], [False] * 5])
    square = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
    return [
        [x, x, x, 8, 2, w, b, pw, pb, None, True, True, None],
        [x, x, x, 8, 2, w, b, pw, pb, None, True, False, None],
        [x, x, x, 8, 2, w, b, pw, pb, key_mask, True, True, 1],
        [x, x, x, 8, 2, w, b, pw, pb, square, True, True, 0],
    ]


def _encoder_layer(d):
    x = t((2, 5, 8), d)
    parts = [t((24, 8), d, 1), t((24,), d, 2), t((8, 8), d, 3), t((8,), d, 4)]
    norms = [t((8,), d, i) for i in range(5, 9)]
    ffn = [t((16, 8), d, 9), t((16,), d, 10), t((8, 16), d, 11), t((8,), d, 12)]
    key_mask = torch.tensor([[False] * 4 + [True], [False] * 5])
    return [
        [x, 8, 2, *parts, gelu, first, 1e-5, *norms, *ffn, mask, kind]
        for gelu, first, mask, kind in ((False, False, None, None), (True, True, None, None), (True, False, key_mask, 1))
    ]


def _classes(d):
    x = t((4, 3), d)
    return x, _index(0, 2, 1, 2), t((3,), d, 1)


def _nll(d):
    x, y, w = _classes(d)
    image, labels = t((2, 3, 4), d), torch.arange(8).reshape(2, 4) % 3
    return [
        [x, y, None, 1, -100],
        [x, y, w, 1, -100],
        [x, y, None, 0, -100],
        [x, y, w, 2, -100],
        [x, y, w, 1, 2],
        [x[0], y[0], None, 1, -100],
        [image, labels, None, 1, -100],
        [image, labels, w, 0, 1],
    ]


def _cross_entropy(d):
    x, y, w = _classes(d)
    p = t((4, 3), d, 7).softmax(1) if d.is_floating_point else t((4, 3), d)
    image, labels = t((2, 3, 4), d), torch.arange(8).reshape(2, 4) % 3
    return [
        [x, y, None, 1, -100, 0.0],
        [x, y, w, 1, -100, 0.0],
        [x, y, None, 0, -100, 0.0],
        [x, y, w, 2, 2, 0.0],
        [x, y, None, 1, -100, 0.1],
        [x, y, w, 1, 1, 0.2],
        [x, p, None, 1, -100, 0.0],
        [x, p, w, 0, -100, 0.1],
        [image, labels, w, 1, -100, 0.1],
        [x[0], y[0], None, 1, -100, 0.0],
    ]


def _pair_loss(*extra, target=None):
    def cases(d):
        x = t((3, 4), d)
        y = t((3, 4), d, 1) if target is None else target((3, 4), d)
        return [[x, y, *[e if not callable(e) else e(r) for e in extra], r] for r in (0, 1, 2)]

    return cases


def _sign(shape, d):
    return torch.where(t(shape, torch.int64) % 2 == 0, 1, -1).to(d)


def _dim_cases(*rest):
    return lambda d: [
        [t((2, 3, 4), d), 1, *rest],
        [t((2, 3, 4), d), -1, *rest],
        [t((), d), 0, *rest],
        [t((2, 3), d), 2, *rest],
    ]


def _reduction(*rest):
    return lambda d: [
        [t((2, 3, 4), d), [1], False, *rest],
        [t((2, 3, 4), d), [0, -1], True, *rest],
        [t((2, 3, 4), d), [], False, *rest],
        [t((), d), [0], False, *rest],
    ]


def _reduction_optional(*rest):
    plain = _reduction(*rest)
    return lambda d: [*plain(d), [t((2, 3, 4), d), None, True, *rest]]


OPTIONS = [None, None, None, None]


def _sized(*values):
    return lambda d: (
        [[list(size), *values, d, None, None, None] for size in ((2, 3), (), (0, 2))]
        + [[[2], *values, None, None, None, None]]
    )


def _ranges(*cases):
    return lambda d: [[*case, dtype, None, None, None] for case in cases for dtype in (None, d)]


def _windows(*extra):
    return lambda d: [[n, *extra, None, None, None, None] for n in (0, 1, 7)]


def _mask(*shape):
    return t(shape, torch.bool)


def _indexed(d):
    x = t((4, 3, 5), d)
    rows, mask = _index(0, 3, -1), _mask(4)
    return [
        [x, [rows]],
        [x, [None, _index(2, 0)]],
        [x, [rows, None, _index(1, 2, 0)]],
        [x, [rows, _index(0, 1, 2)]],
        [x, [_index(0, 1).reshape(2, 1), _index(0, 1, 2)]],
        [x, [mask]],
        [x, [None, _mask(3)]],
        [x, [_mask(4, 3)]],
        [x, [_index(9)]],
    ]


def _index_put(d):
    x = t((4, 3, 5), d)
    rows = _index(0, 3)
    return [
        [x, [rows], t((2, 3, 5), d, 1), False],
        [x, [rows], t((5,), d, 1), True],
        [x, [_index(1, 1)], t((2, 3, 5), d, 1), True],
        [x, [_mask(4)], t((), d, 1), False],
        [x, [None, _index(2, 0)], t((4, 2, 5), d, 1), False],
        [x, [rows], t((2, 3, 5), F64 if d is F32 else F32, 1), False],
    ]


def _gather(d):
    x = t((3, 4), d)
    return [
        [x, 1, torch.tensor([[0, 3], [1, 1], [2, 0]]), False],
        [x, 0, torch.tensor([[0, 2, 1, 1]]), False],
        [x, 1, torch.tensor([[4]]), False],
        [t((), d), 0, torch.tensor(0), False],
    ]


def _scatter(d):
    return t((3, 4), d), torch.tensor([[0, 3], [1, 0], [2, 1]]), t((3, 4), d, 1)


def _rows(*rest):
    return lambda d: [
        [t((4, 3), d), 0, _index(0, 2), t((2, 3), d, 1), *rest],
        [t((4, 3), d), 1, _index(2, 0), t((4, 2), d, 1), *rest],
    ]


def _pads(d, n):
    x = t((2, 3, *(5, 6, 4)[:n]), d)
    return [[x, [1, 2, 0, 1, 2, 2][: 2 * n]], [x[0], [1] * (2 * n)], [x, [0] * (2 * n)]]


def _matrix(*sizes):
    return lambda d: [[t(s, d) for s in shapes] for shapes in sizes]


def _square(d):
    return torch.eye(3).to(d) * 2 + t((3, 3), d) if d.is_floating_point else t((3, 3), d)


LIKE = [None, None, None, None, None]


def _resize(spatial, *flags, vec=False):
    def cases(d):
        x = t((2, 3, *(4, 5, 3)[:spatial]), d)
        n = spatial
        flag_lists = [[f] for f in flags] or [[]]
        found = []
        for flag in flag_lists:
            for size in ((8, 10, 6)[:n], (3, 7, 5)[:n], (1, 1, 1)[:n]):
                found.append([x, list(size), *flag, None] if vec else [x, list(size), *flag, *[None] * n])
            if vec:
                found += [[x, None, *flag, [2.0] * n], [x, None, *flag, [1.7] * n], [x, None, *flag, [0.5] * n]]
        return found

    return cases


_RESIZES = {
    **{f"upsample_nearest{n}d": (n,) for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d": (n,) for n in (1, 2, 3)},
    "upsample_linear1d": (1, True, False),
    "upsample_bilinear2d": (2, True, False),
    "upsample_trilinear3d": (3, True, False),
    "upsample_bicubic2d": (2, True, False),
}

CASES = {
    **{k: _resize(*v) for k, v in _RESIZES.items()},
    **{f"{k}.vec": _resize(*v, vec=True) for k, v in _RESIZES.items()},
    **{
        k: lambda d: (
            [
                [t((2, 3, 4, 5), d), t((2, 6, 7, 2), d, 1) * 3 - 1.5, mode, padding, align]
                for mode in (0, 1)
                for padding in (0, 1)
                for align in (False, True)
            ]
            if d.is_floating_point
            else []
        )
        for k in ("grid_sampler", "grid_sampler_2d")
    },
    "unfold": lambda d: [[t((2, 7), d), 1, 3, 2], [t((5, 2), d), 0, 2, 1], [t((2, 3), d), 1, 4, 1]],
    "im2col": lambda d: [
        [t((2, 3, 5, 6), d), [2, 3], [1, 1], [0, 0], [1, 1]],
        [t((2, 3, 5, 6), d), [2, 2], [2, 1], [1, 0], [2, 1]],
    ],
    "embedding_renorm_": lambda d: [[t((5, 3), d), _index(0, 2), 0.5, 2.0]] if d.is_floating_point else [],
    "broadcast_shapes": lambda d: [[[2, 1], [3]]],
    "embedding": lambda d: [
        [t((5, 3), d), torch.tensor([[0, 4], [2, 2]]), -1, False, False],
        [t((5, 3), d), _index(1), 0, False, False],
    ],
    "embedding_bag": lambda d: (
        [[t((5, 3), d), _index(0, 4, 2, 2), _index(0, 3), False, mode, False, None, False] for mode in (0, 1, 2)]
        + [[t((5, 3), d), _index(0, 4, 2, 2), _index(0, 1, 1), False, 0, False, t((4,), d, 3), False]]
    ),
    "embedding_bag.padding_idx": lambda d: [
        [t((5, 3), d), _index(0, 4, 2, 2), _index(0, 3), False, mode, False, None, False, 2] for mode in (0, 1)
    ],
    "one_hot": lambda d: [[_index(0, 2, 1), 4], [torch.tensor([[0], [2]]), 3]],
    **{f"conv{n}d": _conv(n) for n in (1, 2, 3)},
    **{f"conv{n}d.padding": _conv_padding(n) for n in (1, 2, 3)},
    "conv_transpose1d": _conv_transpose(1),
    "conv_transpose2d.input": _conv_transpose(2),
    "conv_transpose3d.input": _conv_transpose(3),
    "convolution": lambda d: (
        [[*a[:6], False, [0, 0], a[6]] for a in _conv(2)(d) if a[0].dim() == 4]
        + [[*a[:5], a[7], True, a[5], a[6]] for a in _conv_transpose(2)(d)]
    ),
    "_convolution_mode": lambda d: [c for n in (1, 2) for c in _conv_padding(n)(d)],
    "_convolution": lambda d: [
        [*a[:6], False, [0, 0], a[6], False, False, False, False] for a in _conv(2)(d) if a[0].dim() == 4
    ],
    **{f"max_pool{n}d": _max_pool(n) for n in (1, 2, 3)},
    **{f"max_pool{n}d_with_indices": _max_pool(n) for n in (1, 2, 3)},
    **{f"avg_pool{n}d": _avg_pool(n) for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": _adaptive(n) for n in (1, 2, 3)},
    **{f"_adaptive_avg_pool{n}d": _adaptive(n) for n in (2, 3)},
    **{f"adaptive_max_pool{n}d": _adaptive(n) for n in (1, 2, 3)},
    "batch_norm": _batch_norm,
    "native_batch_norm": lambda d: [a[:-1] for a in _batch_norm(d)],
    "_in_order": lambda d: [[t((2, 3), d), [1, 0]], [t((2, 3, 4), d), [0, 2, 1]]],
    "_in_order_of": lambda d: [[t((2, 3), d), "exp", [t((3, 2), d).t()]], [t((2, 3), d), "clone", [t((2, 3), d)]]],
    "affine_grid_generator": lambda d: [[t((2, 2, 3), d), [2, 1, 3, 4], a] for a in (False, True) if d.is_floating_point],
    "native_channel_shuffle": lambda d: [[t((2, 4, 3, 2), d), 2]],
    "_native_batch_norm_legit": lambda d: [a[:-1] for a in _batch_norm(d)[:2]],
    "_native_batch_norm_legit.no_stats": lambda d: [[t((3, 4, 5), d), t((4,), d), t((4,), d, 1), True, 0.1, 1e-5]],
    "_native_batch_norm_legit_no_training": lambda d: [[*a[:5], *a[6:8]] for a in _batch_norm(d)[:2]],
    "instance_norm": lambda d: [[*_norm(d), None, None, True, 0.1, 1e-5, False]],
    "layer_norm": lambda d: [
        [t((4, 3, 5), d), [5], t((5,), d), t((5,), d, 1), 1e-5, True],
        [t((4, 3, 5), d), [3, 5], None, None, 1e-3, True],
        [t((4, 3, 5), d), [4], None, None, 1e-3, True],
    ],
    "native_layer_norm": lambda d: [[t((4, 3, 5), d), [5], t((5,), d), t((5,), d, 1), 1e-5]],
    "rms_norm": lambda d: [[t((4, 5), d), [5], t((5,), d), None], [t((4, 5), d), [5], None, 1e-3]],
    "group_norm": lambda d: [
        [t((2, 6, 5), d), 3, t((6,), d), t((6,), d, 1), 1e-5, True],
        [t((2, 6, 5), d), 4, None, None, 1e-5, True],
    ],
    "native_group_norm": lambda d: [[t((2, 6, 5), d), t((6,), d), t((6,), d, 1), 2, 6, 5, 3, 1e-5]],
    "_weight_norm": lambda d: [[t((4, 3), d), t((4, 1), d, 1), 0]],
    "_weight_norm_interface": lambda d: [[t((4, 3), d), t((4, 1), d, 1), 0]],
    **{f"{k}.input": _rnn_cases(k) for k in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    **{f"{k}.data": _packed_rnn_cases(k) for k in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    "_pack_padded_sequence": lambda d: [
        [t((4, 3, 2), d), _index(4, 2, 2), False],
        [t((3, 5), d), _index(4, 3, 1), True],
        [t((4, 2, 2), d), _index(3, 3), False],
        [t((4, 2, 2), d), _index(2, 3), False],
        [t((4, 2, 2), d), _index(2, 0), False],
    ],
    "_pad_packed_sequence": lambda d: [
        [t((7, 2), d), _index(3, 3, 1), False, 0.0, -1],
        [t((7, 2), d), _index(3, 3, 1), True, 1.0, 5],
        [t((3,), d), _index(1, 1, 1), False, 0.0, -1],
        [t((7, 2), d), _index(3, 3, 1), False, 0.0, 2],
    ],
    "pad_sequence": lambda d: [
        [[t((3, 2), d), t((1, 2), d, 1), t((4, 2), d, 2)], False, 0.0, "right"],
        [[t((3,), d), t((1,), d, 1)], True, 2.0, "left"],
    ],
    **{f"{k}_cell": _cell(k) for k in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    "scaled_dot_product_attention": _attention,
    "_scaled_dot_product_flash_attention_for_cpu": lambda d: [
        [t((2, 2, 3, 4), d), t((2, 2, 5, 4), d, 1), t((2, 2, 5, 4), d, 2), 0.0, causal, None, scale]
        for causal, scale in ((False, None), (True, 0.7))
        if d.is_floating_point
    ],
    "_native_multi_head_attention": _native_attention,
    "_transformer_encoder_layer_fwd": _encoder_layer,
    **{k: _nll for k in ("nll_loss_nd",)},
    "nll_loss": lambda d: _nll(d)[:6],
    "nll_loss2d": lambda d: [[t((2, 3, 4, 2), d), torch.arange(16).reshape(2, 4, 2) % 3, None, r, 1] for r in (0, 1, 2)],
    "nll_loss_forward": lambda d: _nll(d)[:5],
    "cross_entropy_loss": _cross_entropy,
    "mse_loss": _pair_loss(),
    "l1_loss": _pair_loss(),
    "soft_margin_loss": _pair_loss(target=_sign),
    "smooth_l1_loss": lambda d: [[t((3, 4), d), t((3, 4), d, 1), r, b] for r in (0, 1) for b in (1.0, 0.2, 0.0)],
    "huber_loss": lambda d: [[t((3, 4), d), t((3, 4), d, 1), r, b] for r in (0, 1) for b in (1.0, 0.2)],
    "binary_cross_entropy": lambda d: [[t((3, 4), d), t((3, 4), d, 1), w, r] for r in (0, 1) for w in (None, t((4,), d))],
    "binary_cross_entropy_with_logits": lambda d: [
        [t((3, 4), d), t((3, 4), d, 1), w, p, 1] for w in (None, t((4,), d)) for p in (None, t((4,), d, 2))
    ],
    "kl_div": lambda d: [[t((3, 4), d), t((3, 4), d, 1), r, log] for r in (0, 1) for log in (False, True)],
    "poisson_nll_loss": lambda d: (
        []
        if d is torch.bool
        else [[t((3,), d), t((3,), d, 1) + 2, log, full, 1e-8, 1] for log in (True, False) for full in (True, False)]
    ),
    "hinge_embedding_loss": lambda d: (
        [[t((3, 4), d), _sign((3, 4), d), 1.0, r] for r in (0, 1)] if d.is_floating_point else []
    ),
    "margin_ranking_loss": lambda d: [[t((4,), d), t((4,), d, 1), _sign((4,), d), 0.3, 1]],
    "cosine_embedding_loss": lambda d: (
        [[t((4, 3), d), t((4, 3), d, 1), _sign((4,), d), 0.3, 1]] if d.is_floating_point else []
    ),
    "triplet_margin_loss": lambda d: [
        [t((4, 3), d), t((4, 3), d, 1), t((4, 3), d, 2), 1.0, 2.0, 1e-6, s, 1] for s in (False, True)
    ],
    "multi_margin_loss": lambda d: [[t((4, 3), d), _index(0, 2, 1, 2), p, 1, None, 1] for p in (1, 2)],
    "softmax.int": _dim_cases(None),
    "log_softmax.int": _dim_cases(None),
    "special_softmax": _dim_cases(None),
    "special_log_softmax": _dim_cases(None),
    "_safe_softmax": _dim_cases(None),
    "_softmax": _dim_cases(False),
    "_log_softmax": _dim_cases(False),
    "sum.dim_IntList": _reduction_optional(None),
    "mean.dim": _reduction_optional(None),
    "nansum": _reduction_optional(None),
    "nanmean": _reduction_optional(None),
    "amax": _reduction(),
    "amin": _reduction(),
    "logsumexp": lambda d: _reduction()(d)[:2],
    "special_logsumexp": lambda d: _reduction()(d)[:2],
    "prod.dim_int": _dim_cases(True, None),
    "var.dim": lambda d: [[t((2, 3, 4), d), [1], u, k] for u in (True, False) for k in (True, False)],
    "std.dim": lambda d: [[t((2, 3, 4), d), [1, 2], u, k] for u in (True, False) for k in (True, False)],
    "var_mean.dim": lambda d: [[t((2, 3, 4), d), [1], True, k] for k in (True, False)],
    "std_mean.dim": lambda d: [[t((2, 3, 4), d), None, True, k] for k in (True, False)],
    **{
        f"{k}.correction": lambda d: [[t((2, 3, 4), d), [1], c, k] for c in (None, 0, 2) for k in (True, False)]
        for k in ("var", "std", "var_mean", "std_mean")
    },
    "all.dim": _dim_cases(True),
    "any.dim": _dim_cases(False),
    "all.dims": _reduction_optional(),
    "any.dims": _reduction_optional(),
    "max.dim": _dim_cases(False),
    "min.dim": _dim_cases(True),
    "argmax": lambda d: [*_dim_cases(True)(d), [t((2, 3), d), None, False]],
    "argmin": lambda d: [*_dim_cases(False)(d), [t((2, 3), d), None, True]],
    "aminmax": lambda d: [[t((2, 3), d), None, False], [t((2, 3), d), 1, True]],
    "cumsum": _dim_cases(None),
    "cumprod": _dim_cases(None),
    "logcumsumexp": _dim_cases(),
    "cummax": _dim_cases(),
    "cummin": _dim_cases(),
    "_is_all_true": lambda _: [[t((2, 3), torch.bool)], [t((0,), torch.bool)]],
    "_is_any_true": lambda _: [[t((2, 3), torch.bool)], [t((0,), torch.bool)]],
    "count_nonzero": lambda d: [[t((2, 3), d), None], [t((2, 3), d), 1]],
    "count_nonzero.dim_IntList": lambda d: [[t((2, 3), d), [0, 1]]],
    "linalg_vector_norm": lambda d: [
        [t((2, 3), d), p, dim, k, None]
        for p in (2, 1, 0, 3.5, float("inf"), float("-inf"))
        for dim, k in ((None, False), ([1], True))
    ],
    "norm.Scalar": lambda d: [[t((2, 3), d), p] for p in (2, 1)],
    "norm.ScalarOpt_dim": lambda d: [[t((2, 3), d), p, [1], True] for p in (None, 1)],
    "norm.ScalarOpt_dim_dtype": lambda d: [[t((2, 3), d), 2, [1], True, F64]],
    "norm.ScalarOpt_dtype": lambda d: [[t((2, 3), d), None, F64]],
    "linalg_norm": lambda d: [
        [t((2, 3), d), p, dim, True, None] for p, dim in ((None, None), (1, [1]), (1, [0, 1]), (float("inf"), [0, 1]))
    ],
    "linalg_matrix_norm": lambda d: [
        [t((2, 3, 4), d), p, [-2, -1], k, None] for p in (1, -1, float("inf")) for k in (True, False)
    ],
    "linalg_matrix_norm.str_ord": lambda d: [[t((2, 3, 4), d), "fro", [-2, -1], True, None]],
    "dist": lambda d: [[t((2, 3), d), t((3,), d, 1), p] for p in (2, 1, float("inf"))],
    "renorm": lambda d: [[t((2, 3), d), 2, 0, 0.5]],
    "diff": lambda d: [
        [t((3, 4), d), 1, -1, None, None],
        [t((3, 4), d), 2, 0, None, None],
        [t((3, 4), d), 1, 1, t((3, 1), d), t((3, 2), d)],
    ],
    **{
        k: lambda d: [[t((3, 4), d), t((3, 4), d).cumsum(-1), -1], [t((3, 4), d), t((4,), d).cumsum(-1), 1]]
        for k in ("trapezoid.x", "trapz.x", "cumulative_trapezoid.x")
    },
    "div.Tensor_mode": lambda d: [[t((2, 3), d) * 5, t((3,), d, 1), m] for m in (None, "floor", "trunc", "up")],
    "divide.Tensor_mode": lambda d: [[t((2, 3), d) * 5, t((3,), d, 1), m] for m in (None, "floor", "trunc")],
    "div.Scalar_mode": lambda d: [[t((2, 3), d) * 5, 2, m] for m in (None, "floor", "trunc")],
    "divide.Scalar_mode": lambda d: [[t((2, 3), d) * -5, 2, m] for m in (None, "floor", "trunc")],
    "clamp": lambda d: [[t((2, 3), d), lo, hi] for lo, hi in ((0.3, 0.6), (None, 2), (1, None), (0.6, 0.3), (None, None))],
    "clip": lambda d: [[t((2, 3), d), 0.3, 0.6]],
    "clamp.Tensor": lambda d: [[t((2, 3), d), t((3,), d, 1), None], [t((2, 3), d), t((3,), d, 1), t((2, 1), d, 2)]],
    "clip.Tensor": lambda d: [[t((2, 3), d), None, t((3,), d, 1)]],
    "add.Tensor": lambda d: [[t((2, 3), d), t((3,), o, 1), a] for o in (d, F32, I64) for a in (1, 2, 0.5, True)],
    "sub.Tensor": lambda d: [[t((2, 3), d), t((3,), o, 1), a] for o in (d, F32, I64) for a in (1, 2)],
    "rsub.Tensor": lambda d: [[t((2, 3), d), t((3,), o, 1), a] for o in (d, F32) for a in (1, 2)],
    "add.Scalar": lambda d: [[t((2, 3), d), s, a] for s in (2, 0.5, True) for a in (1, 2)],
    "sub.Scalar": lambda d: [[t((2, 3), d), s, a] for s in (2, 0.5) for a in (1, 2)],
    "rsub.Scalar": lambda d: [[t((2, 3), d), s, a] for s in (2, 0.5) for a in (1, 2)],
    "mul.Scalar": lambda d: [[t((2, 3), d), s] for s in (2, 0.5, True)],
    "pow.Tensor_Scalar": lambda d: [[t((2, 3), d), s] for s in (0, 1, 2, 3, -1, 0.5, -0.5, 2.5, -2)],
    "pow.Tensor_Tensor": lambda d: [[t((2, 3), d), t((3,), o, 1)] for o in (d, I64)] + [[t((2, 3), d), -t((3,), I64, 1)]],
    "pow.Scalar": lambda d: [[s, t((2, 3), d)] for s in (2, 0.5)],
    "gelu": lambda d: [[t((2, 3), d), a] for a in ("none", "tanh", "other")],
    "softplus": lambda d: [[t((2, 3), d) * 9, 1, 20], [t((2, 3), d) * 9, 3, 4]],
    "glu": lambda d: [[t((4, 6), d), -1], [t((4, 6), d), 0], [t((4, 5), d), 1]],
    "prelu": lambda d: [
        [t((2, 3, 2), d) - 0.5 if d.is_floating_point else t((2, 3, 2), d), t(s, d)] for s in ((1,), (3,), ())
    ],
    "round.decimals": lambda d: [[t((2, 3), d) * 100, n] for n in (0, 1, -1)],
    "lerp.Scalar": lambda d: [[t((2, 3), d), t((2, 3), d, 1), w] for w in (0.2, 0.7)],
    "nan_to_num": lambda d: [
        [torch.tensor([1.0, float("nan"), float("inf"), -float("inf")]).to(d) if d.is_floating_point else t((3,), d), *v]
        for v in ((None, None, None), (1.0, 2.0, 3.0))
    ],
    "logit": lambda d: [[t((2, 3), d), None], [t((2, 3), d), 0.3]],
    "special_logit": lambda d: [[t((2, 3), d), 0.3]],
    "polygamma": lambda d: [[n, t((2, 3), d)] for n in (0, 1, 2)],
    "special_polygamma": lambda d: [[1, t((2, 3), d)]],
    "isclose": lambda d: (
        [[t((2, 3), d), t((2, 3), d) + (1e-7 if d.is_floating_point else 0), 1e-5, 1e-8, e] for e in (False, True)]
        if d is not torch.bool
        else []
    ),
    "allclose": lambda d: [[t((2, 3), d), t((2, 3), d), 1e-5, 1e-8, False]] if d is not torch.bool else [],
    **{
        f"where.{k}": lambda d, k=k: [
            [
                _mask(2, 3),
                2 if k in ("ScalarSelf", "Scalar") else t((2, 3), d),
                0.5 if k in ("ScalarOther", "Scalar") else t((3,), d, 1),
            ],
            [
                t((2, 3), F32),
                2 if k in ("ScalarSelf", "Scalar") else t((2, 3), d),
                1 if k in ("ScalarOther", "Scalar") else t((3,), d),
            ],
        ]
        for k in ("self", "ScalarSelf", "ScalarOther", "Scalar")
    },
    "where": lambda d: [[t((2, 3), d)], [_mask(2, 3)]],
    "masked_fill.Scalar": lambda d: [[t((2, 3), d), _mask(3), v] for v in (2, 0.5)],
    "masked_fill.Tensor": lambda d: [[t((2, 3), d), _mask(3), t((), d)]],
    "masked_select": lambda d: [[t((2, 3), d), _mask(3)], [t((2, 3), d), _mask(2, 3)]],
    "masked_scatter": lambda d: [[t((2, 3), d), _mask(2, 3), t((6,), d, 1)]],
    "index.Tensor": _indexed,
    "_unsafe_index.Tensor": lambda d: _indexed(d)[:4],
    "index.Tensor_hacked_twin": lambda d: _indexed(d)[:1],
    "index_put": _index_put,
    "_unsafe_index_put": lambda d: _index_put(d)[:2],
    "index_put.hacked_twin": lambda d: _index_put(d)[:1],
    "_index_put_impl_": lambda d: [[*a, False] for a in _index_put(d)[:2]],
    "gather": _gather,
    "take": lambda d: [[t((2, 3), d), torch.tensor([[0, -1], [5, 2]])]],
    "take_along_dim": lambda d: [[t((2, 3), d), torch.tensor([[0], [-1]]), 1], [t((2, 3), d), _index(5, 0), None]],
    "index_select": lambda d: [
        [t((4, 3), d), 0, _index(3, 0, 0)],
        [t((4, 3), d), -1, _index(2)],
        [t((4, 3), d), 0, _index(4)],
    ],
    "index_add": _rows(2),
    "index_copy": _rows(),
    "index_fill.int_Scalar": lambda d: [[t((4, 3), d), 1, _index(0, -1), 1]],
    "index_fill.int_Tensor": lambda d: [[t((4, 3), d), 1, _index(0, 2), t((), d)]],
    "put": lambda d: [[t((2, 3), d), _index(0, 5), t((2,), d, 1), a] for a in (False, True)],
    "scatter.src": lambda d: [[_scatter(d)[0], 1, _scatter(d)[1], _scatter(d)[2]]],
    "scatter.value": lambda d: [[_scatter(d)[0], 1, _scatter(d)[1], 1]],
    "scatter_add": lambda d: [
        [_scatter(d)[0], 1, _scatter(d)[1], _scatter(d)[2]],
        [t((3,), d), 0, _index(1, 1, 1), t((3,), d, 1)],
    ],
    "scatter.reduce": lambda d: [[_scatter(d)[0], 1, _scatter(d)[1], _scatter(d)[2], r] for r in ("add", "multiply")],
    "scatter.value_reduce": lambda d: (
        [[_scatter(d)[0], 1, _scatter(d)[1], 2, r] for r in ("add", "multiply")] if d is not torch.bool else []
    ),
    "scatter_reduce.two": lambda d: (
        [
            [t((3,), d), 0, _index(1, 1, 0, 1), t((4,), d, 1), r, s]
            for r in ("sum", "prod", "mean", "amax", "amin")
            for s in (True, False)
        ]
        if d is not torch.bool
        else []
    ),
    "select_scatter": lambda d: [[t((2, 3), d), t((2,), d, 1), 1, -1]],
    "slice_scatter": lambda d: [[t((4, 3), d), t((2, 3), d, 1), 0, 0, 4, 2]],
    "diagonal_scatter": lambda d: [[t((3, 3), d), t((2,), d, 1), 1, 0, 1]],
    "isin.Tensor_Tensor": lambda d: [[t((2, 3), I64), _index(1, 2), False, i] for i in (False, True)],
    "sort": lambda d: [[t((3, 4), d), dim, r] for dim in (0, -1) for r in (False, True)] if d is not torch.bool else [],
    "sort.stable": lambda d: [[t((3, 4), d), True, 1, r] for r in (False, True)],
    "argsort": lambda d: [[t((3, 4), d), 1, r] for r in (False, True)] if d.is_floating_point else [],
    "argsort.stable": lambda d: [[t((3, 4), d), True, 1, r] for r in (False, True)],
    "topk": lambda d: (
        [[t((3, 4), d), 2, -1, big, True] for big in (True, False)] + [[t((3, 4), d), 5, -1, True, True]]
        if d.is_floating_point
        else []
    ),
    "kthvalue": lambda d: (
        [[t((3, 5), d), k, -1, keep] for k in (1, 3) for keep in (True, False)] if d.is_floating_point else []
    ),
    "median.dim": lambda d: [[t((3, 4), d), 1, k] for k in (True, False)] if d.is_floating_point else [],
    "mode": lambda d: (
        [[torch.tensor([[1, 2, 2, 3], [3, 3, 1, 1]]).to(d), -1, k] for k in (True, False)] if d is not torch.bool else []
    ),
    "quantile": lambda d: [
        [t((3, 5), d), q.to(d), dim, k, i]
        for q in (torch.tensor([0.2, 0.5]), torch.tensor(0.3))
        for dim in (None, 1)
        for k in (True, False)
        for i in ("linear", "nearest")
    ],
    "quantile.scalar": lambda d: [
        [t((3, 5), d), 0.4, 0, False, i] for i in ("linear", "lower", "higher", "midpoint", "nearest")
    ],
    "_unique2": lambda d: [[t((3, 4), d), True, i, c] for i in (True, False) for c in (True, False)],
    "unique_dim": lambda d: [[torch.tensor([[1, 2], [1, 2], [0, 1]]).to(d), 0, True, True, True]],
    "unique_consecutive": lambda d: [[torch.tensor([1, 1, 2, 1]).to(d), True, True, None]],
    "bincount": lambda d: [[_index(1, 3, 1), w, m] for w in (None, t((3,), F32)) for m in (0, 6)],
    "histc": lambda d: [[t((9,), d), 4, 0, 0], [t((9,), d), 4, 0.2, 0.7]],
    "conv_tbc": lambda d: [[t((5, 2, 4), d), t((3, 4, 6), d), t((6,), d), p] for p in (0, 1)],
    "_shape_as_tensor": lambda d: [[t((5, 2, 4), d)], [t((), d)]],
    "segment_reduce": lambda d: [
        [t((5, 2), d), r, w, None, o, 0, False, i]
        for r in ("sum", "mean", "max", "min", "prod")
        for w, o in ((torch.tensor([2, 0, 3]), None), (None, torch.tensor([0, 2, 2, 4])))
        for i in (None, 0.5)
    ],
    "_convert_indices_from_coo_to_csr": lambda d: (
        [[torch.tensor([0, 0, 2, 3, 3]).to(d), 5, i] for i in (False, True)] + [[torch.tensor([]).to(d), 2, False]]
    ),
    "_convert_indices_from_csr_to_coo": lambda d: [
        [torch.tensor([0, 2, 2, 3]).to(d), torch.tensor([1, 0, 2]).to(d), False, x] for x in (False, True)
    ],
    "searchsorted.Tensor": lambda d: [
        [t((6,), F32).sort()[0], t((2, 3), F32, 1), i, r, None, None] for i in (False, True) for r in (False, True)
    ],
    "searchsorted.Scalar": lambda d: [[t((6,), F32).sort()[0], 0.4, False, False, "right", None]],
    "bucketize.Tensor": lambda d: [[t((2, 3), F32, 1), t((6,), F32).sort()[0], False, r] for r in (False, True)],
    "bucketize.Scalar": lambda d: [[0.4, t((6,), F32).sort()[0], False, False]],
    "mm": _matrix(((2, 3), (3, 4)), ((2, 3), (2, 4))),
    "bmm": _matrix(((2, 3, 4), (2, 4, 5)), ((2, 3, 4), (3, 4, 5))),
    "mv": _matrix(((2, 3), (3,))),
    "dot": _matrix(((3,), (3,)), ((3,), (4,))),
    "vdot": _matrix(((3,), (3,))),
    **{
        k: _matrix(
            ((2, 3), (3, 4)),
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 2)),
            ((5, 2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)),
            ((2, 1, 2, 3), (5, 3, 4)),
            ((2, 3), (4, 3)),
        )
        for k in ("matmul", "linalg_matmul")
    },
    "linear": lambda d: (
        [[t(x, d), t((4, 3), d), b] for x in ((2, 3), (3,), (5, 2, 3)) for b in (None, t((4,), d))]
        + [[t((2, 4), d), t((4, 3), d), None]]
    ),
    "addmm": lambda d: [
        [t(s, d), t((2, 3), d), t((3, 4), d), b, a] for s in ((2, 4), (4,), ()) for b, a in ((1, 1), (2, 3), (0, 1))
    ],
    "addmv": lambda d: [[t((2,), d), t((2, 3), d), t((3,), d), 2, 3]],
    "baddbmm": lambda d: [[t((2, 3, 5), d), t((2, 3, 4), d), t((2, 4, 5), d), 2, 3]],
    "addbmm": lambda d: [[t((3, 5), d), t((2, 3, 4), d), t((2, 4, 5), d), 2, 3]],
    "outer": _matrix(((2,), (3,)), ((2, 2), (3,))),
    "ger": _matrix(((2,), (3,))),
    "inner": _matrix(((2, 3), (4, 3)), ((3,), (3,)), ((), (3,))),
    "addr": lambda d: [[t((2, 3), d), t((2,), d), t((3,), d), 2, 3]] if d is not torch.bool else [],
    "_grouped_mm": lambda d: [
        [t((10, 8), d), t((3, 8, 8), d), _ends(2, 2, 10), None, None],
        [t((8, 8), d), t((8, 8), d), _ends(2, 2, 8), None, None],
        [t((3, 4, 8), d), t((8, 16), d), _ends(8, 8, 16), None, None],
        [t((3, 4, 8), d), t((3, 8, 16), d), None, None, None],
    ],
    "tensordot": lambda d: [[t((2, 3, 4), d), t((4, 3, 5), d), [1, 2], [1, 0]]],
    "linalg_multi_dot": lambda d: [[[t((2, 3), d), t((3, 4), d), t((4, 2), d)]]],
    "chain_matmul": lambda d: [[[t((2, 3), d), t((3, 4), d)]]],
    "linalg_vecdot": lambda d: [[t((2, 3), d), t((2, 3), d, 1), -1]] if d is not torch.bool else [],
    "bilinear": lambda d: [[t((2, 3), d), t((2, 4), d), t((5, 3, 4), d), t((5,), d)]],
    "einsum": lambda d: (
        []
        if d is torch.bool
        else [
            [eq, [t(s, d, i) for i, s in enumerate(shapes)], None]
            for eq, shapes in (
                ("ij,jk->ik", ((2, 3), (3, 4))),
                ("ij,jk", ((2, 3), (3, 4))),
                ("bij,bjk->bik", ((2, 3, 4), (2, 4, 5))),
                ("...ij,jk->...ik", ((5, 2, 3), (3, 4))),
                ("ii->i", ((3, 3),)),
                ("ii", ((3, 3),)),
                ("ij->", ((2, 3),)),
                ("ij->ji", ((2, 3),)),
                ("i,j->ij", ((2,), (3,))),
                ("bhqd,bhkd->bhqk", ((2, 3, 4, 5), (2, 3, 6, 5))),
                ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 2))),
                ("ijk,jil->kl", ((2, 3, 4), (3, 2, 5))),
                ("ij,ij->i", ((2, 3), (2, 3))),
            )
        ]
    ),
    "cdist": lambda d: [[t((2, 4, 3), d), t((2, 5, 3), d, 1), p, None] for p in (2.0, 1.0, 3.0, float("inf"), 0.0)],
    "_cdist_forward": lambda d: [[t((4, 3), d), t((5, 3), d, 1), 2.0, None]],
    "cosine_similarity": lambda d: [[t((2, 3), d), t((2, 3), d, 1), 1, 1e-8]],
    "pairwise_distance": lambda d: [[t((2, 3), d), t((2, 3), d, 1), 2.0, 1e-6, k] for k in (True, False)],
    "tril": lambda d: [[t((2, 3, 4), d), k] for k in (0, 1, -1)],
    "triu": lambda d: [[t((2, 3, 4), d), k] for k in (0, 1, -1)],
    "diag_embed": lambda d: [[t((2, 3), d), k, -2, -1] for k in (0, 1, -1)] + [[t((2, 3), d), 0, 0, 2]],
    "diag": lambda d: [[t((3,), d), k] for k in (0, 1, -1)] + [[t((3, 4), d), 1]],
    "diagonal": lambda d: [[t((3, 4, 3), d), k, 0, 2] for k in (0, 1, -1)],
    "kron": _matrix(((2, 3), (3, 2)), ((2,), (2, 2))),
    "trace": lambda d: [[t((3, 4), d)], [t((3,), d)]],
    "matrix_power": lambda d: [[t((3, 3), d), n] for n in (0, 1, 3)] if d is not torch.bool else [],
    "linalg_matrix_power": lambda d: [[t((3, 3), d), n] for n in (2,)] if d is not torch.bool else [],
    "linalg_cross": _matrix(((2, 3), (2, 3)))
    if False
    else (lambda d: [[t((2, 3), d), t((2, 3), d, 1), -1]] if d is not torch.bool else []),
    "cross": lambda d: [[t((3, 2), d), t((3, 2), d, 1), None]] if d is not torch.bool else [],
    **{k: lambda d: [[_square(d)]] for k in ("inverse", "linalg_inv", "det", "linalg_det")},
    "linalg_cholesky": lambda d: [[_square(d) @ _square(d).T, u] for u in (False, True)] if d.is_floating_point else [],
    "linalg_solve": lambda d: (
        [[_square(d), t((3, 2), d), True], [_square(d), t((3,), d), True]] if d.is_floating_point else []
    ),
    "view": lambda d: [[t((2, 6), d), s] for s in ([3, 4], [-1], [2, -1, 3], [5, -1], [2, 2])],
    "reshape": lambda d: [[t((2, 6), d), s] for s in ([3, 4], [-1], [1, 12, 1], [7])],
    "_unsafe_view": lambda d: [[t((2, 6), d), [3, 4]]],
    "view_as": _matrix(((2, 6), (3, 4))),
    "reshape_as": _matrix(((2, 6), (4, 3))),
    "view.dtype": lambda d: [[t((2,), d), d]],
    "flatten.using_ints": lambda d: (
        [[t((2, 3, 4), d), a, b] for a, b in ((0, -1), (1, 2), (0, 1), (2, 1))] + [[t((), d), 0, -1]]
    ),
    "unflatten.int": lambda d: [[t((2, 6), d), 1, s] for s in ([2, 3], [-1, 2], [4, 2])],
    "permute": lambda d: [[t((2, 3, 4), d), p] for p in ([2, 0, 1], [0, -1, 1], [0, 1])],
    **{k: lambda d: [[t((2, 3, 4), d), 0, -1], [t((2, 3), d), 0, 3]] for k in ("transpose.int", "swapaxes", "swapdims")},
    "squeeze": lambda d: [[t((1, 3, 1), d)]],
    "squeeze.dim": lambda d: [[t((1, 3, 1), d), k] for k in (0, 1, -1)],
    "squeeze.dims": lambda d: [[t((1, 3, 1), d), [0, 2]]],
    **{f"{k}.int": lambda d: [[t((2, 3, 4), d), 0, -1]] for k in ("movedim", "moveaxis")},
    **{f"{k}.intlist": lambda d: [[t((2, 3, 4), d), [0, 1], [2, 0]]] for k in ("movedim", "moveaxis")},
    "expand": lambda d: [[t((3, 1), d), s, False] for s in ([3, 4], [2, -1, 4], [2, 2])],
    "broadcast_to": lambda d: [[t((3, 1), d), [2, 3, 4]]],
    "expand_as": _matrix(((3, 1), (3, 4))),
    "broadcast_tensors": lambda d: [[[t((3, 1), d), t((4,), d)]]],
    "contiguous": lambda d: [[t((3, 4), d).t(), torch.contiguous_format]],
    "slice.Tensor": lambda d: [
        [t((5, 4), d), *a] for a in ((0, 1, 4, 1), (0, None, None, 2), (1, -3, -1, 1), (0, 3, 99, 1), (0, 4, 2, 1))
    ],
    "select.int": lambda d: [[t((5, 4), d), *a] for a in ((0, 1), (1, -1), (0, 5))],
    "narrow": lambda d: [[t((5, 4), d), 0, 1, 3], [t((5, 4), d), 1, -2, 2], [t((5, 4), d), 0, 3, 4]],
    "narrow_copy": lambda d: [[t((5, 4), d), 0, 1, 3]],
    "unbind.int": lambda d: [[t((3, 4), d), 0], [t((3, 4), d), -1]],
    **{k: lambda d: [[t((5, 4), d), 2, 0], [t((5, 4), d), 9, 1]] for k in ("split.Tensor", "unsafe_split.Tensor")},
    **{
        k: lambda d: [[t((5, 4), d), [2, 3], 0], [t((5, 4), d), [2, 2], 0]]
        for k in ("split.sizes", "split_with_sizes", "unsafe_split_with_sizes")
    },
    **{k: lambda d: [[t((5, 4), d), n, 0] for n in (2, 3, 7)] for k in ("chunk", "unsafe_chunk", "tensor_split.sections")},
    "tensor_split.indices": lambda d: [[t((5, 4), d), [1, 3], 0]],
    **{f"{k}.int": lambda d: [[t((4, 4, 4), d), 2]] for k in ("hsplit", "vsplit", "dsplit")},
    **{f"{k}.array": lambda d: [[t((4, 4, 4), d), [1, 3]]] for k in ("hsplit", "vsplit", "dsplit")},
    **{
        k: lambda d: (
            [[[t((2, 3), d), t((2, 3), F64 if d is F32 else d, 1)], dim] for dim in (0, -1)]
            + [[[t((2, 3), d), t((0,), d)], 0], [[t((2, 3), d), t((2, 4), d)], 0]]
        )
        for k in ("cat", "concat", "concatenate")
    },
    "stack": lambda d: [[[t((2, 3), d), t((2, 3), d, 1)], dim] for dim in (0, 1, -1)],
    "repeat": lambda d: [[t((2, 3), d), r] for r in ([2, 2], [3, 1, 2], [1, 1], [2])],
    "tile": lambda d: [[t((2, 3), d), r] for r in ([2], [2, 1, 2])],
    "repeat_interleave.self_int": lambda d: [[t((2, 3), d), 2, dim, None] for dim in (None, 0, 1)],
    "meshgrid": lambda d: [[[t((2,), d), t((3,), d)]]],
    "meshgrid.indexing": lambda d: [[[t((2,), d), t((3,), d), t((4,), d)], i] for i in ("ij", "xy")],
    "flip": lambda d: [[t((2, 3), d), k] for k in ([0], [0, -1], [])],
    "rot90": lambda d: [[t((2, 3), d), k, [0, 1]] for k in (0, 1, 2, 3)],
    "roll": lambda d: [[t((2, 3), d), s, k] for s, k in (([1], [0]), ([1, -2], [0, 1]), ([2], []), ([5], [1]))],
    "constant_pad_nd": lambda d: [[t((2, 3), d), p, v] for p, v in (([1, 2], 0), ([1, 0, 2, 1], 2), ([-1, 1], 1))],
    "pad": lambda d: [
        [t((2, 3, 4), d), [1, 2], m, v]
        for m, v in (("constant", None), ("constant", 2.0), ("reflect", None), ("replicate", None), ("circular", None))
    ],
    **{f"{k}_pad{n}d": lambda d, n=n: _pads(d, n) for k in ("reflection", "replication") for n in (1, 2, 3)},
    "pixel_shuffle": lambda d: [[t((2, 8, 3, 2), d), 2], [t((2, 7, 3, 2), d), 2]],
    "pixel_unshuffle": lambda d: [[t((2, 2, 6, 4), d), 2]],
    "channel_shuffle": lambda d: [[t((2, 6, 3), d), 3]],
    "block_diag": lambda d: [[[t((2, 3), d), t((1, 2), d)]]] if d is not torch.bool else [],
    **{k: _sized() for k in ("zeros", "ones")},
    "full": _sized(2),
    "empty.memory_format": lambda d: [[[2, 3], d, None, None, None, None]],
    "empty_strided": lambda d: [[[2, 3], [3, 1], d, None, None, None]],
    **{
        f"new_{k}": lambda d: [[t((2,), d), [3, 2], *OPTIONS], [t((2,), d), [3], F64, None, None, None]]
        for k in ("zeros", "ones", "empty")
    },
    "new_full": lambda d: [[t((2,), d), [3, 2], 2, *OPTIONS]],
    **{
        f"{k}_like": lambda d: [[t((2, 3), d), *LIKE], [t((2, 3), d), F64, None, None, None, None]]
        for k in ("zeros", "ones", "empty")
    },
    "full_like": lambda d: [[t((2, 3), d), 2, *LIKE]],
    "fill.Tensor": lambda d: [[t((2, 3), d), t((), F32)]],
    "scalar_tensor": lambda d: [[2, d, None, None, None], [0.5, None, None, None, None]],
    **{
        f"{k}.{n}": lambda d, v=v, k=k: [[v, dt, None, *([False] if k == "tensor" else [])] for dt in (None, d)]
        for k in ("tensor", "as_tensor")
        for n, v in (("bool", True), ("int", 3), ("float", 2.5))
    },
    **{
        f"{k}.complex": lambda d, k=k: [[1 + 2j, None, None, *([False] if k == "tensor" else [])]]
        for k in ("tensor", "as_tensor")
    },
    "arange": _ranges((5,), (4.5,), (0,)),
    "arange.start": _ranges((1, 5), (0.5, 3), (5, 1)),
    "arange.start_step": _ranges((1, 9, 3), (5, 0, -2), (0, 1, 0.25), (0, 1, 0)),
    "linspace": lambda d: (
        [[0, 1, n, None, None, None, None] for n in (1, 5, 8)]
        + [[-2, 3.5, 6, F64, None, None, None], [0, 9, 4, I64, None, None, None]]
    ),
    "logspace": lambda d: [[0, 2, 5, 10.0, None, None, None, None], [0, 2, 5, 2.0, F64, None, None, None]],
    "eye": _ranges((3,), (0,)),
    "eye.m": _ranges((2, 3), (3, 2)),
    "tril_indices": lambda d: [[3, 4, k, I64, None, None, None] for k in (0, 1, -1)],
    "triu_indices": lambda d: [[3, 4, k, I64, None, None, None] for k in (0, 1, -1)],
    **{f"{k}_window": _windows() for k in ("hann", "hamming", "blackman", "bartlett")},
    **{f"{k}_window.periodic": _windows(False) for k in ("hann", "hamming", "blackman", "bartlett")},
    "size.int": lambda d: [[t((2, 3), d), -1], [t((), d), 0], [t((2, 3), d), 2]],
    "sym_size.int": lambda d: [[t((2, 3), d), 0]],
    "stride.int": lambda d: [[t((2, 3), d), 0]],
    "is_contiguous.memory_format": lambda d: [[t((2, 3), d), torch.contiguous_format]],
    "_local_scalar_dense": lambda d: [[t((), d)]],
    **{
        k: lambda d: [[t((), d)], [t((1, 1), d)], [t((2,), d)]]
        for k in ("item", "is_nonzero", "Int.Tensor", "Float.Tensor", "Bool.Tensor")
    },
    **{
        k: lambda d: [[t((), d)]]
        for k in ("IntImplicit", "FloatImplicit", "ScalarImplicit", "ComplexImplicit", "Complex.Tensor")
    },
    "to.device": lambda d: [[t((2, 3), d), torch.device("cpu"), F64, False, False, None]],
    "to.dtype": lambda d: [
        [t((2, 3), d), e, False, c, None] for e in (F64, I64, torch.bool, torch.float16) for c in (False, True)
    ],
    "to.dtype_layout": lambda d: [
        [t((2, 3), d), F64, None, None, None, False, False, None],
        [t((2, 3), d), None, None, torch.device("cpu"), None, False, False, None],
    ],
    "_to_copy": lambda d: [[t((2, 3), d), F64, None, None, None, False, None]],
    "can_cast": lambda d: [[a, b] for a in (F32, I64, torch.bool) for b in (F32, I64, torch.bool)],
    "promote_types": lambda d: [[a, b] for a in (F32, I64, torch.bool, torch.float16) for b in (F32, I64, torch.bfloat16)],
    "result_type.Scalar_Scalar": lambda d: [[2, 0.5]],
    "complex": lambda d: [[t((2, 3), d), t((3,), d, 1)]],
    "polar": lambda d: [[t((2, 3), d), t((3,), d, 1)]],
    "imag": lambda d: [[t((2, 3), torch.complex64)], [t((2, 3), d)]],
    "real": lambda d: [[t((2, 3), torch.complex64)], [t((2, 3), d)]],
    **{
        k: lambda d: [[t((2, 3), d), 0.5, False], [t((2, 3), d), 0.0, True], [t((2, 3), d), 1.5, False]]
        for k in ("dropout", "alpha_dropout")
    },
    **{k: lambda d: [[t((2, 3, 2), d), 0.5, False]] for k in ("feature_dropout", "feature_alpha_dropout")},
    "native_dropout": lambda d: [[t((2, 3), d), 0.5, False], [t((2, 3), d), 0.0, True]],
    "addcdiv": lambda d: [[t((2, 3), d), t((2, 3), d, 1), t((3,), d, 2), v] for v in (1, 2)],
    "addcmul": lambda d: (
        [[t((2, 3), d), t((2, 3), d, 1), t((3,), d, 2), v] for v in (1, 2, 2.5)] if d is not torch.bool else []
    ),
    "heaviside": lambda d: [[torch.tensor([-1, 0, 2]).to(d), t((3,), d)]],
    "threshold": lambda d: [[t((2, 3), d), 0.5, 2]],
    "elu": lambda d: [
        [t((2, 3), d) - 0.5 if d.is_floating_point else t((2, 3), d), *v] for v in ((1, 1, 1), (1.5, 2.0, 0.5))
    ],
    "hardtanh": lambda d: [[t((2, 3), d), *v] for v in ((-1, 1), (0.3, 0.6))],
    "batch_norm_elemt": lambda d: [],
}
CASES.pop("batch_norm_elemt")

OWN = {
    "dtype": lambda x: x.dtype,
    "device": lambda x: x.device,
    "layout": lambda x: x.layout,
    "itemsize": lambda x: x.itemsize,
    "nbytes": lambda x: x.nbytes,
    "grad": lambda x: x.grad,
    "tolist": lambda x: x.tolist(),
    "Complex.Tensor": complex,
    "tensor": lambda data, dtype, device, grad: torch.tensor(data, dtype=dtype),
    "as_tensor": lambda data, dtype, device: torch.as_tensor(data, dtype=dtype),
    "_in_order": lambda x, order: x.permute(order).contiguous().permute(*sorted(range(len(order)), key=order.__getitem__)),
    "_in_order_of": lambda x, key, operands: torch.empty_like(operands[0]).copy_(x),
    **{
        f"{name}.Scalar_Tensor": getattr(torch, name)
        for name in ("mul", "multiply", "div", "divide", "true_divide", "floor_divide")
    },
    **{
        f"{name}.Scalar_Tensor": lambda n, x, alpha, name=name: getattr(torch, name)(n, x, alpha=alpha)
        for name in ("add", "sub", "subtract")
    },
    **{
        f"{name}.Scalar_Tensor_mode": lambda n, x, mode, name=name: getattr(torch, name)(n, x, rounding_mode=mode)
        for name in ("div", "divide")
    },
    **{
        f"{k}.{n}": lambda v, dtype, *_: torch.tensor(v, dtype=dtype)
        for k in ("tensor", "as_tensor")
        for n in ("bool", "int", "float", "complex")
    },
    **{f"result_type.{k}": torch.result_type for k in ("Tensor", "Scalar", "Scalar_Tensor", "Scalar_Scalar")},
    "promote_types": torch.promote_types,
    "embedding_bag": lambda *a: (torch.ops.aten.embedding_bag(*a)[0], None, None, None),
    "embedding_bag.padding_idx": lambda *a: (torch.ops.aten.embedding_bag.padding_idx(*a)[0], None, None, None),
    **{
        k: lambda x, k=k: getattr(x, k)
        for k in (
            "is_cuda",
            "is_sparse",
            "is_quantized",
            "is_meta",
            "is_mkldnn",
            "is_nested",
            "requires_grad",
            "is_mps",
            "is_xpu",
            "is_vulkan",
            "is_sparse_csr",
            "is_xla",
            "is_ipu",
            "is_mtia",
            "is_maia",
            "is_cpu",
            "is_leaf",
        )
    },
    "max_pool1d_with_indices": lambda *a: torch.nn.functional.max_pool1d_with_indices(a[0], a[1], a[2] or None, *a[3:]),
}
"""What torch calls otherwise than `torch.ops.aten.<name>.<overload>`."""


def _ctc(lengths):
    def cases(d):
        scores = t((5, 2, 4), d).log_softmax(-1) if d.is_floating_point else t((5, 2, 4), d)
        labels = _index([1, 2, 2], [3, 1, 1])
        return [[scores, labels, lengths(5, 4), lengths(3, 2), 0, r, False] for r in (0, 1, 2)] + [
            [scores[:2], labels, lengths(2, 2), lengths(3, 2), 0, 1, z] for z in (False, True)
        ]

    return cases


OWN_CASES = {
    "_upsample_bicubic2d_aa": lambda d: [
        [t((1, 2, 7, 6), d), s, a, None, None] for s in ([3, 4], [9, 8]) for a in (False, True)
    ],
    "_upsample_bicubic2d_aa.vec": lambda d: [[t((1, 2, 7, 6), d), [3, 4], False, None]],
    "_upsample_lanczos2d_aa": lambda d: [
        [t((1, 2, 7, 6), d), s, a, None, None] for s in ([3, 4], [9, 8]) for a in (False, True)
    ],
    "_upsample_lanczos2d_aa.vec": lambda d: [[t((1, 2, 7, 6), d), [3, 4], False, None]],
    "col2im": lambda d: [
        [t((2, 12, 9), d), [4, 4], [2, 2], [1, 1], [0, 0], [1, 1]],
        [t((12, 4), d), [5, 4], [2, 3], [2, 1], [1, 0], [2, 1]],
        [t((2, 12, 8), d), [4, 4], [2, 2], [1, 1], [0, 0], [1, 1]],
    ],
    "fractional_max_pool2d": lambda d: [[t((2, 3, 7, 6), d), [2, 3], [3, 2], t((2, 3, 2), d)]],
    "fractional_max_pool3d": lambda d: [[t((2, 3, 5, 7, 6), d), [2, 3, 2], [2, 3, 2], t((2, 3, 3), d)]],
    **{
        f"multilabel_margin_loss{suffix}": lambda d: (
            [[t((2, 4), d), _index([3, 0, -1, 1], [1, -1, 2, 0]), r] for r in (0, 1, 2)]
            + [[t((4,), d), _index(3, 0, -1, 1), 1]]
        )
        for suffix in ("", "_forward")
    },
    "ctc_loss.IntList": _ctc(lambda *n: list(n)),
    "ctc_loss.Tensor": _ctc(_index),
    **{
        kernel: lambda d: []
        for kernel in (
            "_python_number",
            "_python_index",
            "_lu_permutation",
            "_determinant",
            "_sign_and_log_determinant",
            "_one_hot_by_data",
        )
    },
    "tensor": lambda d: [
        [data, dt, None, False] for data in ([[1, 2], [3, 4]], [1.5, 2], [], [True, False], 3) for dt in (None, d)
    ],
    "as_tensor": lambda d: [[[[1, 2], [3, 4]], None, None]],
    "_batch_norm_running_stats": lambda d: [],
    "native_batch_norm": lambda d: [a[:-1] for a in _batch_norm(d)[:4]],
    "initial_seed": lambda d: [],
    "median": lambda d: [[t((3, 4), d)], [t((), d)]] if d is not torch.bool else [],
    "max": lambda d: [[t((2, 3), d)], [t((), d)]],
    "min": lambda d: [[t((2, 3), d)], [t((), d)]],
    "isin.Tensor_Scalar": lambda d: [[t((2, 3), I64), 2, False, i] for i in (False, True)],
}
CASES |= OWN_CASES

UNCHECKED_VALUES = frozenset(
    (
        "empty_like",
        "new_empty",
        "empty.memory_format",
        "empty_strided",
        "new_empty_strided",
        "empty_permuted",
        "svd",
        "linalg_svd",
        "_linalg_svd",
    )
)
"""torch promises no contents, or (singular vectors) contents up to a sign."""
