"""The statements that random programs of mutation are made of, as templates.

Holes: `{a}` a tensor, `{b}` one that is only read, `{c}` a new name, `{l}` a list, `{d}` a dict, `{o}` an object.
"""

HEADER = """\
import torch
from typing import Dict, List, NamedTuple, Optional, Tuple
from torch import Tensor, nn


class Box:
    def __init__(self, t: Tensor, first: Tensor):
        self.t = t
        self.held: List[Tensor] = [first]
        self.count: int = 0

    def put(self, t: Tensor) -> Tensor:
        old = self.t
        self.t = t
        self.held.append(old)
        self.count += 1
        return old

    def swap(self) -> None:
        self.t, self.held[0] = self.held[0], self.t


class Pair(NamedTuple):
    first: Tensor
    second: Tensor


def bump(t: Tensor, by: float) -> Tensor:
    t.add_(by)
    return t


def halved_row(t: Tensor) -> Tensor:
    row = t[0]
    row *= 0.5
    return row


def push(l: List[Tensor], t: Tensor) -> None:
    l.append(t)
    l[0] = t


def clear_first(d: Dict[str, Tensor]) -> Tensor:
    t = d["a"]
    t.zero_()
    return t


def bump_twice(t: Tensor) -> Tensor:
    bump(t, 1.0)
    first = bump(t[0], 2.0)
    return first


def fill_all(rows: List[List[Tensor]], by: float) -> None:
    for row in rows:
        for t in row:
            t.fill_(by)
            break


def pair_of(t: Tensor) -> Tuple[Tensor, Tensor]:
    return t[0], t


def swapped(a: Tensor, b: Tensor) -> Tensor:
    old = a.clone()
    a.copy_(b)
    b.copy_(old)
    return a


def grow(l: List[Tensor], t: Tensor) -> List[Tensor]:
    m = l
    m.append(t)
    m += [t[:1]]
    return l


def bump_often(t: Tensor, n: int) -> Tensor:
    if n <= 0:
        return t
    t.add_(1.0)
    return bump_often(t, n - 1)


def add_into(t: Tensor, out: Tensor) -> Tensor:
    return torch.add(t, 1.0, out=out)


def either(a: Tensor, b: Tensor, n: int) -> Tensor:
    if n > 1:
        return a
    b = b[:]
    return b


def first_of(l: List[Tensor]) -> Optional[Tensor]:
    if len(l) == 0:
        return None
    return l[0]


def set_box(o: Box, t: Tensor, by: float) -> Box:
    o.t.add_(by)
    o.put(t)
    return o


def rows_of(t: Tensor) -> List[Tensor]:
    rows = [t[0]]
    for i in range(1, t.size(0)):
        rows.append(t[i])
    return rows


"""

MODULE = """\
class Child(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("state", torch.full((3, 3), 2.0))

    def forward(self, t: Tensor) -> Tensor:
        self.state += 1.0
        t[0] = self.state[1]
        return self.state


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("buf", torch.arange(9.0).reshape(3, 3))
        self.weight = nn.Parameter(torch.ones(3, 3), requires_grad=False)
        self.t = self.buf[1]
        self.held: List[Tensor] = [torch.zeros(3, 3), self.buf]
        self.table: Dict[str, Tensor] = {"a": torch.ones(3, 3)}
        self.count: int = 0
        self.child = Child()

    def update(self, t: Tensor) -> Tensor:
        self.buf[0] = t[0]
        self.count += 1
        return self.buf

    def keep(self, t: Tensor) -> Tensor:
        old = self.t
        self.t = t
        return old

"""

FRESH = (
    "{a} + 1.0", "{a} * {b}", "torch.relu({a})", "{a}.clone()", "-{a}", "{a}.sum(0)", "torch.cat([{a}, {b}])", "{a} @ {b}",
    "torch.zeros_like({a})", "torch.where({a} > 0.0, {a}, {b})", "{a}.contiguous().clone()", "torch.stack([{a}, {b}])",
    "{a}[w]",
    "{a} > 0.0", "{a}.long()", "{a}[:0]", "{a}.sum()", "torch.arange(3)", "torch.tensor(1)",
    "{a}[{b} > 0.0]",
    "torch.zeros(0, 3)", "{a}.cumsum(0)", "{a}.max(0)[0]", "torch.where({a} != 0.0)[0]", "{a}.nonzero()", "{a}.roll(1, 0)",
    "torch.einsum('ij,jk->ik', {a}, {b})", "{a}.masked_fill({b} > 0.0, 2.0)", "{a}.index_select(0, w)", "{a}.take(w)",
    "{a}.tril()",
    "{a}[{a} > 0.0]", "{a}.repeat(2, 1)", "{a}.sort(0)[0]", "{a}.flip(0)", "torch.zeros(3, 3)", "{a}.new_ones(3)",
)  # fmt: skip
VIEWS = (
    "{a}.view(-1)", "{a}.t()", "{a}[0]", "{a}[:, 1]", "{a}[1:]", "{a}[..., ::2]", "{a}[None]", "{a}.unsqueeze(0)",
    "{a}.transpose(0, 1)", "{a}.reshape(-1)", "{a}.expand(2, 3, 3)", "{a}.diagonal()", "{a}.narrow(0, 1, 2)",
    "{a}.chunk(2)[1]",
    "{a}.split(2)[0]", "{a}.unbind(1)[0]", "{a}.permute(1, 0)", "{a}.select(0, -1)", "{a}.squeeze()", "{a}.flatten()",
    "{a}.view_as({b})", "{a}.expand_as({b})", "{a}.detach()", "{a}.T", "{a}.unfold(0, 2, 2)", "{a}.movedim(0, 1)",
    "{a}.swapaxes(0, 1)", "{a}.unflatten(0, (1, -1))", "{a}.squeeze(0)", "{a}.view(3, -1)", "{a}.tensor_split(2)[0]",
    "{a}[:, None]",
    "{a}[..., 0]", "{a}[:, ::2]", "{a}.mT", "{a}.unsqueeze(-1)", "torch.broadcast_to({a}, (2, 3, 3))", "{a}.ravel()",
    "{a}.flatten(0, 1)",
    "torch.unbind({a})[1]", "torch.diagonal({a}, 1)", "{a}.expand(3, -1)", "{a}.select(1, n % 2)",
    "{a}.as_strided((2, 2), (1, 2))",
    "{a}.adjoint()", "{a}.real", "{a}.conj()", "torch.atleast_2d({a})", "{a}[::2, 1:]", "{a}.hsplit(3)[1]", "{a}[1:].t()[0]",
    "{a}.view({a}.shape)", "{a}.reshape(3, 3)", "{a}.t().contiguous()", "{a}.t().reshape(-1)", "{a}.view(-1)[2:7].view(-1)",
    "{a}[torch.tensor(1)]", "{a}[:, torch.tensor(-1)]", "{a}.narrow(-1, 0, 1)", "{a}.chunk(3, 1)[n % 2]", "pair_of({a})[1]",
    "torch.as_tensor({a})", "{a}.type_as({b})", "{a}.to({b}.dtype)", "{a}.float()", "{a}.vsplit(3)[0]",
    "{a} if n > 1 else {a}.t()", "{a}[n % 2]", "{a}[-1, 1:]", "{a}.contiguous()", "{a}.to(torch.float32)", "{a}",
)  # fmt: skip
WRITES = (
    "{a}.add_(1.0)", "{a}.mul_({b})", "{a}.relu_()", "{a}.fill_(2.0)", "{a}.copy_({b})", "{a}[0] = 3.0", "{a}[:, 1] = 0.5",
    "{a} += {b}", "{a} -= 0.5", "{a}.zero_()", "{a}[..., ::2] += 1.0", "{a}[{a} > 0.5] = -1.0",
    "{a}.masked_fill_({b} > 0.0, 7.0)",
    "{a}.index_add_(0, w, torch.ones(2, 3))", "{a}.scatter_(0, torch.zeros(1, 3, dtype=torch.long), 9.0)", "{a}[w] = 4.0",
    "{a}.index_put_([w], torch.ones(3))", "{a}[1] = {b}[0]", "{a}[n % 2] = 8.0", "{a}[0, 1] = 5.0", "{a}[0][1:] = -2.0",
    "{a}[1:] = {b}[:-1]", "{a}.clamp_(-3.0, 3.0)", "{a}.neg_()", "{a}.sub_({b}, alpha=2.0)", "{a}.index_fill_(0, w, 6.0)",
    "torch.add({b}, 1.0, out={a})", "torch.mul({b}, {b}, out={a})", "{a}.t().add_(1.0)",
    "{a}.diagonal().fill_(1.5)", "{a}[{a} < 0.0] *= 2.0",
    "{a}[:, 0].add_({b}[0])", "{a}.view(-1)[2] = 11.0", "{a} *= {b}[0]", "{a}[w, 1] = 0.25", "{a}[:2, 1:] -= 1.0",
    "{a}.tril_()",
    "{a}.addcmul_({b}, {b}, value=0.5)", "{a}.lerp_({b}, 0.5)", "{a}.masked_scatter_({b} > 0.0, torch.ones(9))",
    "{a}.addmm_({b}, {b})",
    "{a}.index_copy_(0, w, torch.ones(2, 3))", "{a}.scatter_add_(0, torch.zeros(1, 3, dtype=torch.long), {b}[:1])",
    "{a}.clamp_min_(0.0)",
    "{a}.scatter_(1, torch.tensor([[0], [2], [1]]), {b})", "{a}.put_(w, torch.tensor([5.0, 6.0]))",
    "{a}.fill_diagonal_(4.0)", "{a}.pow_(2)",
    "{a}.div_(2.0, rounding_mode='floor')", "{a}.remainder_(2.0)", "{a}.sign_()", "{a}.round_()", "{a}.triu_(1)",
    "{a}.cumprod_(0)",
    "{a}.logical_not_()", "{a}.abs_()", "{a}.add_({b}[0, 0])", "{a}.mul_(n)",
    "{a}[{b} > 0.0] = {b}[{b} > 0.0]", "{a}[0, w] = {b}[0, w]", "{a}[None] = 0.0", "{a}[..., 1] *= 2.0", "{a}[w] += 1.0",
    "{a}[:, w] -= {b}[:, w]", "{a}[::2, 1:] = {b}[::2, 1:]", "{a}.copy_({b}.t())", "{a}[...] = {b}", "{a}[:] = {b}[0]",
    "{a}[w, w] *= 3.0", "{a}[[0, 1], [1, 2]] = 1.5", "{a}[torch.tensor(1)][0] = 5.0", "{a}[torch.tensor(0)] = {b}[1]",
    "{a}[0][1] += 1.0",
    "torch.cumsum({b}, 0, out={a})", "torch.matmul({b}, {b}, out={a})", "torch.sum({b}, 0, out={a}[0])",
    "torch.clamp({b}, 0.0, 1.0, out={a})",
    "torch.neg({b}, out={a}.t())", "torch.cat([{b}[:1], {b}[1:]], out={a})", "{a}.transpose(0, 1)[0].fill_(0.75)",
    "{a}[:0] = 1.0",
    "{a}[:0].add_(1.0)", "{a} //= 2.0", "{a} **= 2", "{a} /= 2.0", "{a} %= 3.0", "{a} |= {b}", "{a} &= {b}", "{a} @= {b}",
    "{a} -= {b}.t()",
    "{a}.view(-1).index_fill_(0, w, 0.5)", "{a}.reshape(-1)[4] = 9.0", "{a}.ravel().mul_(0.5)", "{a}.unbind(0)[1].zero_()",
    "{a}.flatten()[1:3] = 6.0", "{a}.chunk(3)[1].add_({b}[0])", "bump_twice({a})", "pair_of({a})[0].mul_(2.0)",
    "swapped({a}, {b})",
    "swapped({a}[0], {b}[1])", "{a}.sort(0)[0].add_(1.0)", "torch.relu_({a})", "torch.nn.functional.relu({a}, inplace=True)",
    "torch.nn.functional.dropout({a}, 0.5, False, True).add_(1.0)", "{a}.expand_as({a}).mul_(2.0)",
    "{a}.contiguous().add_(1.0)",
    "{a}.float().sub_(1.0)", "{a}.index_put_((w, w), torch.ones(2), accumulate=True)",
    "{a}[-1] += {b}[0]", "{a}.unsqueeze(0)[0, 1] = 2.5", "bump({a}, 0.5)", "halved_row({a})", "bump({a}[1], 2.0)",
    "{a}[0], {a}[1] = {b}[1] + 0.0, {b}[0] + 0.0", "{a}.cumsum_(0)", "{a}.expand(2, 3, 3)[1].add_(1.0)",
)  # fmt: skip
NAMED_WRITES = ("{c} = {a}.mul_(0.5)", "{c} = bump({a}, 1.0)", "{c} = halved_row({a})", "{c} = {a}[0].add_(1.0)")
CONTAINERS = (
    "{l}.append({a})", "{c} = {l}[0]", "{l}[0] += 1.0", "{c} = torch.stack([{l}[0], {l}[-1]]).sum(0)", "{l}[0] = {a}",
    "{l}.pop()",
    "push({l}, {a})",
    "{c} = {l}[-1].view(-1)", "{l}.insert(0, {a})", "{l}.extend([{a}, {b}])", "{l}.reverse()", "{l}[-1].mul_(0.5)", "{d}['a'] = {a}",
    "{c} = {d}['a']",
    "{d}['a'].add_(1.0)", "{d}['b'] = {a}[0]", "clear_first({d})", "{c} = {d}['a'][0]", "{d}['a'] += 1.0",
    "l2 = [{a}, {b}]\nl2[0].add_(1.0)",
    "t2 = ({a}, {b})\nt2[1].mul_(0.5)", "p, q = {a}.split(1)[0], {b}\np.add_(0.25)", "{d}.update({{'c': {a}}})",
    "{l} = {l} + [{a}]",
    "ll = [[{a}, {b}], [{a}[0]]]\nll[0][0].add_(1.0)\nll[1][0].mul_(2.0)\n{c} = ll[0][1]",
    "fill_all([[{a}[0]], [{b}[1], {a}]], 0.5)",
    "dl = {{'k': [{a}]}}\ndl['k'].append({b})\ndl['k'][-1].add_(1.0)\n{l} = dl['k']", "{l}.append({l}[0][0])",
    "{l}[-1], {l}[0] = {l}[0], {l}[-1]",
    "t3 = ({l}, {a})\nt3[0].append({b})\nt3[1].sub_(1.0)", "{c} = [t * 1.0 for t in {l}][-1]", "l2 = {l}\nl2.append({a})",
    "l2 = list({l})\nl2.append({a})",
    "for i in range(len({l})):\n    {l}[i] = {l}[i] + 1.0", "for e in {l}:\n    e = e + 1.0",
    "for e in {l}:\n    if e.dim() == 0:\n        continue\n    e[0] = 2.0",
    "for e in {l}:\n    if e.dim() < 2:\n        break\n    e.mul_(0.5)", "for a_, b_ in zip({l}, {a}):\n    b_.add_(1.0)",
    "{d}['c'] = {d}.pop('a')\n{d}['a'] = {a}",
    "for k_, v_ in {d}.items():\n    v_.mul_(0.5)", "(p1, q1), r1 = ({a}, {b}), {l}[0]\nq1.add_(0.5)\nr1.sub_(0.5)",
    "first, *others = {a}\nothers[-1].zero_()",
    "def add_all(by: float):\n    for e in {l}:\n        e.add_(by)\nadd_all(1.0)",
    "g = lambda t: t.mul_(2.0)\ng({a})\n{c} = g({b}[0])",
    "def change():\n    {a}[0] = 4.0\n    return {a}[1]\n{c} = change()", "{l} += [{a}]", "{l} *= 2", "{l}[0] *= 2.0",
    "{l}[0][0] = 1.0", "{l}[:] = [{b}]",
    "{c} = sorted({l}, key=lambda t: float(t.sum()))[0]", "{c}, = {a}.split(3)[:1]", "{c} = max([{a}.sum(), {b}.sum()])",
    "{l} = [*{l}, {a}]",
    "for e in {l}:\n    e.add_(0.125)", "for e in {a}:\n    e.mul_(2.0)", "for i, e in enumerate({l}):\n    e[0] = float(i)",
    "{l} = [e * 0.5 for e in {l}]", "del {l}[0]", "{l}[1:] = [{a}]", "for key_ in {d}.keys():\n    {d}[key_].add_(0.5)",
)  # fmt: skip
HEADS = (
    "if n > 1:", "if bool({a}.sum() > 4.0):", "for i in range(n):", "for i in range(2):", "while k < n:\n    k += 1",
    "for i in range(1, 3):", "if len({l}) > 2:", "if {a}.size(0) > 2:", "for i, e in enumerate({l}[:2]):",
    "if {a}.dtype == torch.float32:",
    "if n > 0 and {a}.dim() == 2:", "for i in range(n):\n    k += i", "while True:\n    k += 1\n    if k > n:\n        break",
    "for i in range(2):\n    if i > n:\n        continue", "if {a} is {b}:", "for i in (0, 1):", "for key in list({d}.keys()):",
)  # fmt: skip
BODIES = (
    "{a}[i % 2] = float(i)",
    "{a}[i % 2] += {b}[0]",
    "{a}[i % 2, :2] = {b}[0, :2]",
    "{a} = {a} * 0.5",
    "{a} = {a}[0]",
    "{a} = {b}",
    "if {a}.dim() == 0:\n    break",
    "if i == 1:\n    continue",
    "if bool({a}.sum() > 3.0):\n    break",
    "{a}[i % 2].add_(1.0)",
    "{a} = {a}.t()",
    "{l}.append({a}[i % 2])",
)

SAME = (
    "{a}.view_as({a})", "{a}[...]", "{a}[:]", "{a}.data", "{a}.detach()", "{a}.contiguous()", "{a}.to({a}.dtype)",
    "{a}.flatten()", "{a}.squeeze()", "{a}.reshape({a}.shape)", "{a}.expand_as({a})", "{a}.type_as({a})", 
    "{a}.float()", "{a}.cpu()", "{a}.to('cpu')", "{a}.to({a})", "{a}.unsqueeze(0).squeeze(0)", "{a}.t().t()",
    "{a}.permute(1, 0).contiguous()", "{a}.movedim(0, 1).reshape(-1)", "{a}.reshape(-1)[1:]", "{a}.t().flatten()",
    "{a}[1:2].squeeze(0)", "{a}.unbind()[0]", "torch.reshape({a}, (-1, 3))", "{a}.ravel()[::2]", "torch.flatten({a})",
    "{a}.t().ravel()", "either({a}, {b}, n)", "rows_of({a})[-1]", "bump_often({a}, n)", "{a}.to(torch.float32, copy=True)",
    "{a}.expand(1, -1, -1)[0]", "{a}.narrow(0, 0, 1).squeeze(0)", "{a}.as_strided({a}.size(), {a}.stride())",
    "{a}.contiguous().view(-1)", "{a}.resolve_conj()", "torch.squeeze({a}[None], 0)", "{a}.requires_grad_(False)",
    "{a}.view({a}.size(0), -1)", "{a}.view(-1, 1).squeeze(1)", "{a}.type(torch.float32)", "{a}.unfold(0, 1, 1)",
    "{a}.clone().t()[1:]", "{a}.swapdims(0, 1)", "torch.ravel({a}.t())", "{a}.masked_fill({b} > 99.0, 0.0)",
    "{a}[torch.tensor([True, False, True])]", "{a}[[0, 1]]", "{a}.index_select(1, w)", "torch.atleast_3d({a})",
)  # fmt: skip
"""Views that may be the tensor itself, and copies that look like views."""
OBJECTS = (
    "{o}.t = {a}", "{o}.t.add_(1.0)", "{o}.t += 1.0", "{o}.t[0] = 2.0", "{o}.t *= {b}", "{o}.held.append({a})", "{o}.swap()",
    "{o}.put({a})", "{c} = {o}.put({a})", "{c} = {o}.t", "{c} = {o}.held[-1]", "p_ = {o}\np_.t = {a}", "{o}.count += 1",
    "set_box({o}, {a}, 0.5)", "{c} = set_box({o}, {a}, 0.5).t", "{o} = Box({a}, {b})",
    "objs = [{o}, Box({a}, {b})]\nobjs[0].t.add_(1.0)\nobjs[1].put(objs[0].t)\n{c} = objs[1].t",
    "ob = {o} if n > 1 else Box({a}, {b})\nob.t.mul_(0.5)\n{c} = ob.t", "{o}.held = [{a}, {b}]", "{o}.held[0] += 1.0",
    "{o}.t, {o}.held[0] = {o}.held[0], {o}.t", "{o}.held, {l} = {l}, {o}.held", "{o}.held = {l}", "{l} = {o}.held",
    "for ob in [{o}, Box({a}, {b})]:\n    ob.t.add_(0.5)\n    ob.count += 2",
    "do = {{'o': {o}}}\ndo['o'].t = {a}[0]\ndo['o'].count -= 1", "k += {o}.count",
    "def use(b: Box):\n    b.t = b.t * 2.0\n    b.held.append(b.t)\n    return b\n{c} = use({o}).held[-1]",
    "pr = Pair({a}, {b})\npr.first.add_(1.0)\n{c} = pr.second", "pr = Pair({o}.t, {a}[0])\npr.second.zero_()",
    "tb = ({o}, {a})\ntb[0].t.add_(0.25)\n{o}.put(tb[1])",
)  # fmt: skip
SELF = (
    "self.buf[0] = 1.0", "self.update({a})", "{c} = self.update({a})", "self.count += 1", "self.buf = {a}", "self.t = {a}",
    "self.child.state.add_(1.0)", "{c} = self.child({a})", "self.child({a})", "self.child.state = {a} * 1.0",
    "self.held.append({a})", "self.table['k'] = {a}", "self.buf += {b}", "self.t += 1.0", "self.t.zero_()",
    "self.held = [{a}]", "{c} = self.buf if self.count % 2 == 0 else self.t", "{c} = self.keep({a})", "self.keep({a})",
    "self.weight.add_(0.5)", "self.weight[0] = {a}[0]", "self.weight.copy_({b})", "{c} = self.weight", "{c} = self.weight.t()",
    "self.buf, self.t = self.t, self.buf", "self.held[0] = self.buf[1]", "k += self.count", "self.held[-1].add_(1.0)",
    "self.table['a'] += {b}", "self.buf[1:] += 1.0", "self.buf[n % 2] = {b}[0]", "self.buf = self.buf + 1.0",
    "b_ = self.buf\nb_.add_(1.0)\n{c} = b_", "self.t = self.buf[n % 3]", "bump(self.buf, 1.0)", "self.child.state = self.buf",
    "{l} = self.held", "self.held = {l}", "self.table = {d}", "torch.add({b}, 1.0, out=self.buf)", "self.held.clear()",
    "if self.count > 2:\n    self.buf = self.buf * 0.5\nelse:\n    self.count += 1", "self.child.state[0], k = {a}[0], k + 1",
    "for t_ in self.held:\n    t_.mul_(0.5)", "self.buf.data.add_(1.0)", "self.weight.data[0] = 3.0", "self.held = list(self.held)",
)  # fmt: skip
MORE = (
    "{c} = grow({l}, {a})[0]", "{l} = grow({l}, {a})", "add_into({b}, {a})", "{c} = add_into({b}, {a})",
    "m_ = first_of({l})\nif m_ is not None:\n    m_.add_(1.0)", "{c} = rows_of({a})[0].add_(1.0)",
    "{c} = [r.mul_(2.0) for r in rows_of({a})][0]", "m_ = {l}\nm_ += [{a}]", "m_ = {l}\nm_ = m_ + [{a}]\nm_[0].add_(1.0)",
    "k += int({a} is {b})", "k += int({l}[0] is {a})", "m_ = {l}[:]\nm_[0] = {a}", "{l}.append({l}[-1])", "{l} = {l}[::-1]",
    "{l}[0], {c} = {a}, {l}[0]", "ts_ = [{a}, {b}, {a}]\nts_[0].add_(1.0)\n{c} = ts_[2]", "{l}.clear()",
    "{d}['a'][0] = 1.0", "{d}['a'] = {d}['a'][:2]", "e_ = {d}\ne_['n'] = {a}", "{c} = {d}.setdefault('s', {a})",
    "{c} = {d}.get('a', {a})", "{d} = dict({d})", "{d} = {{**{d}, 'a': {a}}}", "for q_ in {d}.values():\n    q_[0] = 0.5",
    "t3 = ({a}, [{b}])\nt3[1][0].add_(1.0)\n{c} = t3[1][0]", "s_ = slice(0, 2)\n{a}[s_] = 1.0", "k += len({l})",
    "{a}[0, ...] += 1.0", "{a}[None, 0] = 2.0", "{a}[:, [0, 2]] = 3.0", "{a}[..., None, 0] = 4.0", "{a}[-1:] *= 2.0",
    "{a}[1:][0] = {b}[0]", "{a}[::2][1] += 1.0", "{a}.view(-1)[::4] = 1.0", "({a} if n > 1 else {b}).add_(1.0)",
    "{a}[{b} > 0.0] += 1.0", "{a}.t()[0] = {b}[:, 0]", "{a}.unsqueeze(1)[:, 0].mul_(2.0)", "k += int({a}[0].sum())",
    "if {a}.sum() > 0:\n    {a}.neg_()", "{a}.data.add_(1.0)", "{a}.detach().zero_()", "{a}.data[0] = 1.0",
    "torch.abs({b}, out={a})", "torch.sub({b}, 1.0, out={a}[:2])", "torch.exp({b} * 0.0, out={a})", "k += int(bool({a}.any()))",
    "torch.stack([{b}[0], {b}[1], {b}[0]], out={a})", 
    "del {l}[-1]", "{l}[-1:] = [{a}, {b}]", "{l} = [*{l}[:1], {a}]", "x, y = y, x", "x, z = z, x", "x = y", "w = w[:1]",
)  # fmt: skip
RAISING = (
    "{a}.add_(torch.ones(5))", "{l}[9].add_(1.0)", "{a}[9] = 1.0", "{d}['zz'].add_(1.0)", "{a}.view(7)", "k = k // n",
    "raise ValueError('x')", "{l}.pop(5)", "{a} = {a} @ torch.ones(5, 2)", "torch.cat([{a}, torch.ones(2, 2, 2)])", "k += int({a})",
)  # fmt: skip
"""What ends a `try`, mostly."""
