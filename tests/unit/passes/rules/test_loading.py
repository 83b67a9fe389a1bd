"""Files of rules: what they declare, and what is said about those that are wrong."""

import pytest

from tsir.errors import PassError
from tsir.passes.rules.engine import Rules
from tsir.passes.rules.loading import rules_of_file
from tsir.passes.structure import functions
from tsir.runtime.api import parse_ir

HEAD = "from tsir.passes.rules import *\n"

PROGRAM = """func.func public @f(%x : tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = ts.aten.relu(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = ts.aten.neg(%0) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}"""


def written(tmp_path, text):
    file = tmp_path / "my_rules.py"
    file.write_text(HEAD + text)
    return str(file)


def test_rules_of_variables_and_lists(tmp_path):
    text = """
one = rule("one", lambda x: (aten.relu(aten.relu(x)), aten.relu(x)))
more = [rule(f"times-{i}", lambda x: (aten.mul.Scalar(x, i), x)) for i in range(2)]
same = one
"""
    assert [r.name for r in rules_of_file(written(tmp_path, text))] == ["one", "times-0", "times-1"]


WRONG = {
    "nothing": ("x = 1", "declares no rule"),
    "one side": ("r = rule('x', lambda x: aten.relu(x))", "my_rules.py:2:1: (error: )?rule 'x': expected a pattern and a replacement"),
    "constant": ("r = rule('x', lambda x: (aten.sub.Tensor(x, 1), x))", "the tensor 'other' of (.|\n)*take sub.Scalar"),
    "operator": ("r = rule('x', lambda x: (aten.relux(x), x))", "'relux', which isn't known\n(.|\n)*mean `relu`"),
    "operation": ("r = rule('x', lambda x: (ir.arith.addx(x, 1), x))", r"'x' \(.*my_rules.py:2\).*'arith.addx', which isn't"),
    "condition": ("r = rule('x', lambda x: (aten.relu(x), x), where=5)", "condition is a int, neither a constraint nor a function"),
    "syntax": ("def f(:", "my_rules.py:2:1: .* can't be run: SyntaxError"),
    "import": ("import nothing_like_this", "can't be run: ModuleNotFoundError"),
    "names": ("a = rule('x', lambda x: (aten.relu(x), x))\nb = rule('x', lambda x: (aten.abs(x), x))", "two rules of the name 'x'"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_is_wrong(name, tmp_path):
    import re

    text, message = WRONG[name]
    with pytest.raises(PassError) as caught:
        rules_of_file(written(tmp_path, text))
    assert re.search(message, str(caught.value)), str(caught.value)


RAISES = {
    "condition": ("rule('x', lambda x: (aten.relu(x), aten.abs(x)), where=lambda x: x.nothing)", "condition raised AttributeError"),
    "computed": ("rule('x', lambda x: (aten.relu(x), aten.clamp(x, computed(lambda: 1 / 0))))", "raised ZeroDivisionError"),
    "built": ("rule('x', lambda x: (aten.relu(x), built(lambda x: 5)))", "has to give a list of operations"),
    "type": ("rule('x', lambda x: (aten.relu(x), 3))", "replaces a value of type tensor<2x3xf32> by i64"),
}  # fmt: skip


@pytest.mark.parametrize("name", RAISES)
def test_what_a_rule_raises_names_it(name, tmp_path):
    text, message = RAISES[name]
    (function,) = functions(parse_ir(PROGRAM))
    with pytest.raises(PassError, match=message) as caught:
        Rules(rules_of_file(written(tmp_path, f"r = {text}"))).apply(function)
    assert "'x'" in caught.value.message
