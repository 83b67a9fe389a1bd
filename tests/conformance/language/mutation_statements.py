"""The statements of random programs about mutation, as templates with holes.

{a}, {b} stand for tensors ({b} is one that is only read), {r} for a variable that may be assigned, {c} for a new one, {L} for a list of
tensors, {D} for a dict, {I} for a list of ints, {d}, {e} for dimensions, {k} for a small int, {s} for a number, {i} for an index.
"""

FRESH = (
    "{a} + 1", "{a} * {b}", "torch.relu({a})", "{a}.clone()", "-{a}", "{a}.sum({d})", "torch.cat([{a}, {b}])", "{a} @ {b}",
    "torch.zeros_like({a})", "torch.where({a} > 0, {a}, {b})", "torch.stack([{a}, {b}])", "{a}[w]", "{a}[{a} > 0]",
    "{a}.repeat(2, 1)", "{a}.sort({d})[0]", "{a}.flip({d})", "torch.zeros(3, 3)", "{a}.new_ones(3)", "{a}.to(torch.float64)",
    "{a}.long()", "{a} > 0", "{a}.double()", "{a}.to(torch.complex64)", "torch.complex({a}, {b})", "{a} / 2", "{a}.index_select({d}, w)",
    "{a}.gather(0, torch.zeros(1, 3, dtype=torch.long))", "torch.tensor({s})", "{a}.sum()", "torch.zeros(0, 3)", "{a}.masked_fill({a} > 1, {s})",
    "{a}.contiguous().clone()", "torch.empty_like({a}).fill_({s})", "{a}.t().contiguous()", "{a}.roll(1, {d})", "{a}.cumsum({d})",
    "torch.full((3, 3), {s})", "torch.arange(9).view(3, 3)", "{a}.int()", "{a}.bool()", "torch.einsum('ij,jk->ik', {a}, {b})",
    "torch.softmax({a}, {d})", "{a}.new_zeros(3, 3)", "{a}.clamp(-1, 2)", "{a}[[2, 0]]", "{a}[w, :2]", "{a}[w[:, None], w]",
    "{a}.amax({d}, keepdim=True)", "torch.ones(3, dtype=torch.int64)", "{a}.tril()", "{a}.select_scatter({b}[0], 0, {k})", "{a}.unfold({d}, 2, 1).clone()", "{a}.adjoint().clone()", "{a}.conj().clone()",
)  # fmt: skip

VIEWS = (
    "{a}.view(-1)", "{a}.t()", "{a}[{i}]", "{a}[{i}]", "{a}[{i}]", "{a}[None]", "{a}.unsqueeze({d})", "{a}.transpose({d}, {e})",
    "{a}.reshape(-1)", "{a}.expand(2, 3, 3)", "{a}.expand(3, 3)", "{a}.expand(-1, -1)", "{a}.diagonal()", "{a}.diagonal({k})",
    "{a}.diagonal(offset=-1)", "{a}.narrow({d}, {k}, 1)", "{a}.narrow({d}, -2, 2)", "{a}.chunk(2)[1]", "{a}.chunk(2, {d})[0]",
    "{a}.split(2)[0]", "{a}.split([1, 2], {d})[1]", "{a}.unbind({d})[0]", "{a}.permute(1, 0)", "{a}.select({d}, -1)",
    "{a}.select({d}, {k})", "{a}.squeeze()", "{a}.squeeze({d})", "{a}.flatten()", "{a}.flatten(-2)", "{a}.view_as({b})",
    "{a}.expand_as({b})", "{a}.detach()", "{a}.T", "{a}.mT", "{a}.unfold({d}, 2, 2)", "{a}.movedim({d}, {e})",
    "{a}[n % 2]", "{a}[-1, 1:]", "{a}.contiguous()", "{a}.to(torch.float32)", "{a}", "{a}.to({b})", "{a}.type_as({b})",
    "{a}.unflatten(0, (1, -1))", "{a}.unflatten(-1, (3, 1))", "{a}.swapaxes({d}, {e})", "{a}.swapdims(0, 1)", "{a}.moveaxis(0, 1)",
    "{a}.tensor_split(2)[1]", "{a}.tensor_split([1], {d})[0]", "{a}.hsplit(3)[1]", "{a}.vsplit(3)[{k}]",
    "{a}.as_strided((2, 2), (1, 2))", "{a}.as_strided([2], [2], 1)", "{a}.as_strided((3,), (0,))", "{a}.real", "{a}.imag",
    "torch.view_as_real({a})", "torch.view_as_complex({a}[..., :2])", "{a}.view(torch.int32)", "{a}.ravel()", "torch.ravel({a}.t())",
    "{a}.reshape(3, -1)", "{a}.t().reshape(-1)", "{a}.view(3, -1)", "{a}.view(1, -1)", "{a}.reshape({a}.numel(), 1)", "{a}.float()",
    "torch.broadcast_to({a}, (2, 3, 3))", "torch.atleast_2d({a})", "{a}.expand(3, 3, 3)[1]", "{a}[:, :, None].expand(3, 3, 2)",
    "{a}.to(torch.int64)", "{a}.movedim(-1, 0)", "torch.select({a}, 0, 1)", "torch.narrow({a}, 0, 0, 2)", "{a}.squeeze(0).unsqueeze(-1)",
    "{a}.diagonal(0, -2, -1)", "{a}.positive()", "torch.broadcast_tensors({a}, {b})[0]", "{a}.view(9)", "{a}[...]", "{a}[:]",
    "{a}.data", "{a}.resolve_conj()", "{a}.reshape_as({b})", "torch.swapaxes({a}, 0, 1)", "{a}.dsplit(1)[0]", "{a}.cpu()", "{a}.expand({a}.shape)",
)  # fmt: skip

WRITES = (
    "{a}.add_({s})", "{a}.mul_({b})", "{a}.relu_()", "{a}.fill_({s})", "{a}.copy_({b})", "{a}[0] = 3", "{a}[:, 1] = 0.5",
    "{a} += {b}", "{a} -= {s}", "{a}.zero_()", "{a}[..., ::2] += 1", "{a}[{a} > 0.5] = -1", "{a}.masked_fill_({b} > 0, 7)",
    "{a}.index_add_({d}, w, torch.ones(2, 3))", "{a}.scatter_({d}, torch.zeros(1, 3, dtype=torch.long), 9)", "{a}[w] = 4",
    "{a}.index_put_([w], torch.ones(3))", "{a}.index_put_([w], torch.ones(3), accumulate=True)", "{a}[1] = {b}[0]", "{a}[n % 2] = 8",
    "{a}[0, 1] = 5", "{a}[0][1:] = -2", "{a}[1:] = {b}[:-1]", "{a}.clamp_(-3, 3)", "{a}.neg_()", "{a}.sub_({b}, alpha=2)",
    "{a}.index_fill_({d}, w, 6)", "torch.add({b}, 1, out={a})", "torch.mul({b}, {b}, out={a})", "{a}.t().add_(1)",
    "{a}.diagonal().fill_(1.5)", "{a}[{a} < 0] *= 2", "{a}[:, 0].add_({b}[0])", "{a}.view(-1)[2] = 11", "{a} *= {b}[0]",
    "{a}[w, 1] = 0.25", "{a}[:2, 1:] -= 1", "{a}.tril_()", "{a}[-1] += {b}[0]", "{a}.unsqueeze(0)[0, 1] = 2.5", "bump({a}, 0.5)",
    "halved_row({a})", "bump({a}[1], 2.0)", "{a}[0], {a}[1] = {b}[1] + 0, {b}[0] + 0", "{a}.cumsum_({d})",
    "{a}.expand(2, 3, 3)[1].add_(1)", "{a}[{i}] = {s}", "{a}[{i}] = {b}[{i}]", "{a}[{i}] += {s}", "{a}[{i}] *= {b}[{i}]",
    "{a}[{i}] = {b}[0]", "{a}[{i}].add_({s})", "{a}[{i}].mul_(2)", "{a}[{i}].copy_({b}[{i}])", "{a}[{i}].zero_()", "{a}[{i}] -= {b}[{i}]",
    "{a}[{i}][0] = {s}", "{a} /= 2", "{a} //= 2", "{a} **= 2", "{a} %= 3", "{a} @= {b}", "{a} &= {b}", "{a} |= ({b} > 0)", "{a} ^= {b}",
    "{a} <<= 1", "{a} >>= 1", "{a}.div_({s})", "{a}.floor_divide_(2)", "{a}.remainder_(3)", "{a}.pow_(2)", "{a}.abs_()", "{a}.sign_()",
    "{a}.floor_()", "{a}.sqrt_()", "{a}.exp_().clamp_(0, 9)", "{a}.sigmoid_()", "{a}.tanh_()", "{a}.logical_not_()", "{a}.eq_({b})",
    "{a}.gt_(0)", "{a}.lerp_({b}, 0.5)", "{a}.addcmul_({b}, {b}, value=0.5)", "{a}.addmm_({b}, {b})", "{a}.masked_scatter_({b} > 0, {b})",
    "{a}.index_copy_({d}, w, torch.zeros(2, 3))", "{a}.scatter_add_(0, torch.zeros(1, 3, dtype=torch.long), torch.ones(1, 3))",
    "{a}.put_(w, torch.ones(2))", "{a}.triu_(1)", "{a}.fill_diagonal_({s})", "{a}.clamp_min_(0)", "{a}.clamp_max_({s})", "{a}.cumprod_({d})",
    "{a}.bitwise_not_()", "{a}.add_({b}, alpha=2)", "{a}.square_()", "{a}.reciprocal_()", "{a}.round_()", "{a}.fmod_(2)", "{a}.maximum({b})",
    "{a}.copy_({a}[0])", "{a}.copy_({a}.t())", "{a}.add_({a}[0])", "{a}.mul_({a})", "{a}[1:] += {a}[:-1]", "{a}[:] = {a}[0]",
    "{a}.sub_({a}.t())", "{a}[0].copy_({a}[1])", "{a}[:, 0] += {a}[0]", "{a}[0] += {a}[0]", "{a}[0] = {a}[0]", "{a}.copy_({a})",
    "{a}.add_({a}.sum())", "{a}.t().copy_({b})", "{a}.T[{i}] = {s}", "{a}.view(-1)[1:3].fill_({s})", "{a}.reshape(-1).add_({s})",
    "{a}.t().reshape(-1).add_(1)", "{a}.flatten()[0] = {s}", "{a}.split(1, {d})[1].add_(2)", "{a}.unbind({d})[{k}].mul_(3)",
    "{a}.chunk(3, {d})[-1].zero_()", "{a}.narrow({d}, 1, 2).neg_()", "{a}.unfold(0, 2, 2).add_(1)", "{a}.unfold(0, 2, 1).fill_({s})",
    "{a}.as_strided((2,), (2,)).add_(1)", "{a}.real.add_(1)", "{a}.imag.fill_({s})", "{a}.detach().add_({s})", "{a}.data.mul_(2)",
    "{a}.contiguous().add_(1)", "{a}.to(torch.float32).add_(1)", "{a}.float().sub_(1)", "{a}.squeeze().add_(1)", "{a}.diagonal(1).copy_({b}.diagonal(1))",
    "{a}.movedim({d}, {e})[0].add_(1)", "{a}.select({d}, {k}).add_({b}.select({d}, {k}))", "{a}.expand_as({b}).add_(1)",
    "torch.add({a}, {b}, out={a})", "torch.sub({b}, {a}, out={a})", "torch.cat([{b}[:1], {b}[1:]], out={a})", "torch.matmul({b}, {b}, out={a})",
    "torch.abs({a}, out={a})", "torch.sum({b}, {d}, out={a}[0])", "torch.cumsum({b}, {d}, out={a})", "torch.stack([{b}[0], {b}[1], {b}[2]], out={a})",
    "torch.where({b} > 0, {b}, -{b}, out={a})", "torch.clamp({b}, 0, 2, out={a}.t())", "torch.relu_({a})", "torch.neg_({a}[0])",
    "torch.nn.functional.relu({a}, inplace=True)", "torch.nn.functional.leaky_relu_({a}[1:], 0.5)", "torch.nn.functional.hardtanh({a}, inplace=True)",
    "torch.nn.init.constant_({a}, {s})", "torch.nn.init.zeros_({a}[0])", "torch.nn.functional.threshold({a}, 0.5, {s}, inplace=True)",
    "{a}.unsqueeze_({d})", "{a}.squeeze_()", "{a}.squeeze_({d})", "{a}.t_()", "{a}.transpose_({d}, {e})", "{a}.swapaxes_(0, 1)",
    "{a}.unsqueeze_(0).add_(1)", "{a}.resize_(2, 2)", "{a}.resize_(9)", "{a}.resize_as_({b})", "{a}.as_strided_((2, 2), (1, 2))",
    "{a}.set_({b})", "{a}.detach_()", "{a}.index_reduce_(0, w, torch.ones(2, 3), 'prod')", "{a}.scatter_reduce_(0, torch.zeros(1, 3, dtype=torch.long), torch.ones(1, 3), 'amax')",
    "early({a}, n)", "early({a}, 1)", "either({a}, {a}[0], n).add_(1)", "bump({a}.t()[0], 1.0)", "bump(either({a}, {a}, n), 1.0)",
    "{a}[torch.tensor([0, 2])] = {b}[:2]", "{a}[[0, 1], [1, 2]] = {s}", "{a}[{a}[:, 0] > 0] = {s}", "{a}[{a}[:, 0] > 0, 0] += 1",
    "{a}[:, w] = {b}[:, :2]", "{a}[w, w] += 1", "{a}[None, 0] = {s}", "{a}[..., None][0] = {s}", "{a}[w[0]] = {s}", "{a}[()] = {s}",
    "{a}[True] = {s}", "{a}[{a} > 0] = {b}[{b} > 9]", "{a}[{a}.isnan()] = 0", "{a}[1, :] = torch.ones(3)", "{a}[:2][:, 1:][0] = {s}",
    "{a}[0].unsqueeze(0).expand(3, 3).sum()", "{a}.swapdims(0, 1).sub_({s})", "{a}[0][{k}] += {s}", "{a}[-1:] = {b}[:1]", "{a}[1, 1] = {b}[0, 0]",
    "{a}[{i}][{i}] = {s}", "{a}[{i}][{i}] += 1", "{a}.masked_fill_({a} > {s}, 0)", "{a}.where({b} > 0, {b}).add_(1)", "{a}.select(0, n % 3)[n % 2] = {s}",
)  # fmt: skip

NAMED_WRITES = (
    "{c} = {a}.mul_(0.5)", "{c} = bump({a}, 1.0)", "{c} = halved_row({a})", "{c} = {a}[0].add_(1)", "{c} = early({a}, n)",
    "{c} = either({a}, {b}, n)", "{c} = {a}.t_()", "{c} = {a}.unsqueeze_(0)", "{c} = torch.add({b}, 1, out={a})", "{c} = {a}.copy_({b})",
    "{c} = {a}.view(-1).add_(1)", "{c} = either({a}, {a}[0], n)", "{c} = torch.relu_({a}[0])", "{c} = {a}.clone().unsqueeze_(0)",
)  # fmt: skip

REASSIGN = (
    "{r} = {a} * 0.5", "{r} = {a}[0]", "{r} = {a}", "{r} = {a}.clone()", "{r} = {a}.t()", "{r} = {a}.view(-1)", "{r} = {a}[1:]",
    "{r}, q_ = {a}, {a}[0]", "{r} = either({a}, {b}, n)", "{r} = {a}.expand(3, 3)",
)  # fmt: skip

LISTS = (
    "{L}.append({a})", "{L}[0] += 1", "{L}[0] = {a}", "{L}.pop()", "push({L}, {a})", "{L}.insert(0, {a})", "{L}.extend([{a}, {b}])",
    "{L}.reverse()", "{L}[-1].mul_(0.5)", "{L}[1:] = [{a}]", "del {L}[0]", "{L} += [{a}]", "{L}.clear()", "{L}[-1] = {L}[0]",
    "{L}[0], {L}[-1] = {L}[-1], {L}[0]", "{L}.append({L}[0])", "{L}.append({L}[0][0])", "{L}[::2] = [t * 2 for t in {L}[::2]]",
    "for e_ in {L}:\n    e_.add_(0.125)", "for i_, e_ in enumerate({L}):\n    e_[0] = float(i_)", "rotated({L}).append({a})",
    "rotated({L})[0].add_(1)", "{L}.pop(0).add_(1)", "{L}[k % 2].fill_({s})", "[t.add_(1) for t in {L}]", "{L}[:2][0].sub_(1)",
    "for a_, b_ in zip({L}, [{a}, {b}]):\n    a_.add_(b_.sum())", "{L}.copy()[0].mul_(2)", "torch.stack([{a}, {b}], out={L}[0])",
    "({L} + {L})[-1].neg_()", "{L}[0][{i}] = {s}", "{L}[0].t_()", "{L}[0].unsqueeze_(0)", "list({L})[0].add_(1)", "{L} *= 2",
    "while len({L}) > 2:\n    {L}.pop().add_(1)", "{L}.remove({L}[0])", "reversed({L})", "for e_ in reversed({L}):\n    e_.mul_(2)",
    "for t_ in [{a}, {a}[0]]:\n    t_ += 1", "for t_ in {a}.split(1):\n    t_.mul_(2)", "for t_ in {a}:\n    t_[0] = {s}",
    "for i_ in range({a}.size(0)):\n    {a}[i_] *= i_",
)  # fmt: skip
DICTS = (
    "{D}['a'] = {a}", "{D}['a'].add_(1)", "{D}['b'] = {a}[0]", "clear_first({D})", "{D}['a'] += 1", "{D}.update({{'c': {a}}})",
    "for k_ in {D}.keys():\n    {D}[k_].add_(0.5)", "for v_ in {D}.values():\n    v_.mul_(2)", "{D}.pop('a').add_(1)", "{D}.clear()",
    "{D}.setdefault('e', {a}).add_(1)", "del {D}['a']", "{D}['a'][{i}] = {s}", "for k_, v_ in {D}.items():\n    v_ -= 1",
    "{D}['b'] = {D}['a']", "{D}['c'] = {D}.pop('a')", "{D}.popitem()", "{D}['a'] = {D}['a'].t()", "list({D}.values())[0].zero_()",
    "dict({D})['a'].add_(1)",
)  # fmt: skip
INTS = (
    "{I}.append(n)", "{I}.sort()", "{I}[0] += 1", "{I} += [k]", "{I}[1:2] = [5, 6]", "{I}.reverse()", "{I}.pop()", "{I} *= 2", "del {I}[0]",
    "{a}[{I}[0] % 3] += 1", "{I}.insert(1, 7)", "{I}.extend({I})", "{I}.sort(reverse=True)", "k += {I}[-1]", "{I}.remove({I}[0])",
    "for j_ in {I}:\n    {a}[j_ % 2] += j_", "{I}[::2] = [0 for _ in {I}[::2]]", "k = sum({I})", "{I}[-1], {I}[0] = {I}[0], {I}[-1]",
    "{I}.index(0)", "{a}.view(-1)[{I}[0] % 3] = {I}[0]",
)  # fmt: skip
OBJECTS = (
    "box.t.add_({s})", "box.t = {a}", "box.l.append({a})", "box.grow({a})", "box.t[{i}] = {s}", "box.t += {b}", "box.swap({a}).add_(1)",
    "box.row(0).fill_({s})", "box.l = [{a}]", "box.l[0].mul_(2)", "box.n += 1", "other.t.sub_(1)", "other = box", "other = Box({a}, [{b}])",
    "other.l = box.l", "box.t = box.l[0]", "other.grow({a}[0])", "box, other = other, box", "boxes.append(box)", "boxes[-1].t.add_(1)",
    "boxes[0].swap({a})", "for b_ in boxes:\n    b_.n += 1",
)  # fmt: skip
NESTED = (
    "ll.append([{a}])", "ll[0].append({a})", "ll[0][0].add_(1)", "ll[0] = {L}", "ll[-1] = ll[0]", "for r_ in ll:\n    r_[0].mul_(2)",
    "dl['a'].append({a})", "dl['a'][0].add_(1)", "dl['b'] = dl['a']", "dl['a'] = {L}", "dl['b'] = [{a}]", "pair = ({a}, {L})", "pair[0].add_(1)",
    "pair[1].append({a})", "pair = (pair[0][0], ll[0])", "ll.append(pair[1])", "ll = [r_ for r_ in ll]", "ll[0], ll[-1] = ll[-1], ll[0]",
    "opt = {a}", "if opt is not None:\n    opt.add_(1)", "opt = None", "for p_, q_ in [({a}, 1.0), ({a}[0], 2.0)]:\n    p_.add_(q_)",
)  # fmt: skip
DEFINING = (
    "{c} = {L}[0]", "{c} = {L}[-1].view(-1)", "{c} = torch.stack([{L}[0], {L}[-1]]).sum(0)", "{c} = {D}['a']", "{c} = {D}['a'][0]",
    "p_, {c} = {a}.split(1)[0], {b}\np_.add_(0.25)", "{c} = {L}.pop()", "{c} = box.t", "{c} = box.grow({a})", "{c} = box.swap({a})",
    "{c} = ll[0][0]", "{c} = dl['a'][0]", "{c} = pair[0]", "{c}, q_ = {a}[0], {a}[1]", "{c} = ({a}, {b})[0]", "{c} = {D}.get('a', {a})",
    "{c} = [t for t in {L}][0]", "{c} = box.row(1)",
)  # fmt: skip
NEW_LISTS = (
    "{c} = {L}", "{c} = {L}[1:]", "{c} = list({L})", "{c} = [{a}, {b}]", "{c} = list({a}.unbind(0))", "{c} = [t for t in {L}]", "{c} = {L} + [{a}]",
    "{c} = [t * 0.5 for t in {L}]", "{c} = rotated({L})", "{c} = box.l", "{c} = ll[0]", "{c} = pair[1]", "{c} = [{a}] * 2", "{c} = dl['a']",
    "{c} = list({D}.values())", "{c} = [{a}[j] for j in range({a}.size(0))]", "{c} = {L}.copy()",
)  # fmt: skip
MODULE = (
    "self.b.add_({s})", "self.b[{i}] = {s}", "self.b += 1", "self.b = {a}", "self.c.copy_({b})", "self.step({b})", "self.keep({a})",
    "self.keep({a}).pop(0)", "self.exchange({a})", "self.s.append({a})", "self.s[0].add_(1)", "self.s = [{a}]", "self.m['a'] = {a}", "self.m['a'].mul_(2)",
    "self.count += 1", "self.b = self.b * 0.5", "self.c = self.b", "self.b, self.c = self.c, self.b", "self.s += [{a}]", "self.s[-1] = {a}",
    "self.b.t_()", "self.m = {{'a': {a}}}", "{a}.add_(self.count)", "self.step({a}).mul_(0.5)", "self.c = self.exchange(self.b)",
)  # fmt: skip
MODULE_DEFINING = ("{c} = self.step({a})", "{c} = self.exchange({a})", "{c} = self.b[0]", "{c} = self.b", "{c} = self.s[0]", "{c} = self.m['a']")

HEADS = (
    "if n > 1:", "if bool({a}.sum() > 4):", "for i in range(n):", "for i in range(2):", "while k < n:\n    k += 1", "for i in range(1, 3):",
    "if len({L}) > 2:", "if {a}.size(0) > 2:", "if {a}.numel() > 3 and n > 0:", "for i in range(3):\n    if i == n:\n        continue",
    "for i in range(4):\n    if i > n:\n        break", "while True:\n    k += 1\n    if k > 2:\n        break", "if n == 0:\n    pass\nelif n == 1:",
    "with torch.no_grad():", "for i, t_ in enumerate({L}):", "for i, t_ in enumerate([{a}, {b}]):",
)  # fmt: skip
IN_LOOPS = ("{a}[i % 2] = i", "{a}[i % 2] += {b}[0]", "{a}[i % 2, :2] = {b}[0, :2]", "{a}[:, i % 3] *= 2", "{L}.append({a}[i % 2])", "{a}.select(0, i % 2).add_(i)")

DIMENSIONS = ("0", "0", "1", "1", "-1", "-2")
SMALL = ("0", "1", "2", "n % 2", "-1")
NUMBERS = ("2", "-0.5", "1.5", "3", "n", "1", "0.25")
SCALAR_INDICES = ("0", "-1", "1", "n % 2", "k % 2", "w[0]", "torch.tensor(1)", "2")
OTHER_INDICES = (
    ":", "1:", ":2", "::2", "1::2", ":-1", "...", "None", "w", "[0, 2]", "torch.tensor([True, False, True])", "w[:, None]", "-2:", "n % 2:", ":1",
    "5:", "torch.tensor([[0, 1], [2, 0]])", "w[:1]", "torch.tensor([], dtype=torch.long)", "True",
)  # fmt: skip
