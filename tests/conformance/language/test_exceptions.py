"""Exceptions: try in all its forms, context managers, the classes and arguments that reach the caller."""

import contextlib
from typing import Any, List, Optional, Tuple

import torch

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)


@feature("Exceptions", "`try`/`except`")
@programs(3)
@programs(0)
def div(n: int):
    try:
        y = 10 // n
    except ZeroDivisionError:
        y = -1
    return y


@feature("Exceptions", "`else` and `finally`", "return in handlers")
@programs("12")
@programs("zz")
def parse(s: str):
    try:
        v = int(s)
    except ValueError as err:
        return str(err), 0
    else:
        v += 1
    finally:
        print("done")
    return "ok", v


@feature("Exceptions", "variables set in `try` and read in handlers", "several classes in one handler")
@programs([1, 2, 3], 1)
@programs([1, 2, 3], 7)
def log(l: List[int], i: int):
    steps: List[str] = []
    count = 0
    try:
        count = 1
        steps.append("a")
        v = l[i]
        count = 2
        steps.append("b")
    except (IndexError, KeyError):
        steps.append("index")
        v = -count
    finally:
        steps.append("f")
    return steps, count, v


@feature("Exceptions", "`raise` in handlers, re-raise", "args of exceptions")
@programs(0)
@programs(1)
@programs(2)
@programs(3)
def kinds(n: int):
    try:
        if n == 0:
            raise ValueError("v", n)
        if n == 1:
            raise KeyError("k")
        if n == 2:
            raise RuntimeError("r")
    except ValueError as e:
        return "value", e.args[1]
    except LookupError:
        raise TypeError("converted")
    except Exception:
        raise
    return "none", 0


class MyError(ValueError):
    pass


class Other(MyError):
    """x"""


@feature("Exceptions", "user exception classes")
@programs(1)
@programs(2)
@programs(3)
def user(n: int):
    try:
        if n == 1:
            raise MyError("mine")
        if n == 2:
            raise Other("other")
    except Other as e:
        return str(e)
    return "fine"


@feature("Exceptions", "break and continue through `finally`")
@programs(5)
def loop_try(n: int):
    good = 0
    bad = 0
    for i in range(-n, n):
        try:
            if i == 3:
                break
            if i % 2 == 0:
                continue
            good += 10 // (i + 1)
        except ZeroDivisionError:
            bad += 1
        finally:
            bad += 100
    return good, bad


@feature("Exceptions", "return through `finally`")
@programs(2)
@programs(0)
def ret_finally(n: int):
    out: List[int] = []

    def f(k: int) -> int:
        try:
            return 10 // k
        finally:
            out.append(k)

    try:
        r = f(n)
    except ZeroDivisionError:
        r = -1
    return r, out


@feature("Exceptions", "errors of tensor operators")
@programs(X, X)
@programs(X, torch.ones(4))
def tensors(x, y):
    try:
        z = x + y
    except RuntimeError:
        z = x
    return z


@feature("Exceptions", "nested `try`")
@programs(0)
@programs(2)
def nested(n: int):
    r = "start"
    try:
        try:
            4 // n
            r = "inner ok"
        except IndexError:
            r = "no"
        finally:
            r += " fin"
    except ZeroDivisionError:
        r += " outer"
    return r


@feature("Context managers", "contextlib.suppress")
@programs(0)
@programs(3)
def suppress(n: int):
    y = 1
    with contextlib.suppress(ZeroDivisionError, ValueError):
        y = 12 // n
    return y


class Mgr:
    def __init__(self, swallow: bool):
        self.swallow = swallow
        self.log: List[str] = []

    def __enter__(self) -> "Mgr":
        self.log.append("enter")
        return self

    def __exit__(self, kind: Any, value: Any, tb: Any) -> bool:
        self.log.append("clean" if value is None else "failed")
        return self.swallow


@feature("Context managers", "classes with `__enter__` and `__exit__` that may swallow")
@programs(0, True)
@programs(1, True)
@programs(0, False)
def manager(n: int, swallow: bool):
    m = Mgr(swallow)
    r = 0
    with m:
        r = 5 // n
    return r, m.log


@feature("Exceptions", "exceptions as values")
@programs(2)
def raise_value(n: int):
    err = ValueError("bad", n)
    if n > 1:
        raise err
    return n


@feature("Exceptions", "caught AssertionError")
@programs(2)
def assert_caught(n: int):
    try:
        assert n < 0, "neg"
    except AssertionError as e:
        return str(e).startswith("neg")
    return "x"


@feature("Exceptions", "`try` in `for`")
@programs([1, 2])
def last_error(l: List[int]):
    errors: List[str] = []
    for i in range(4):
        try:
            errors.append(str(l[i]))
        except IndexError as e:
            errors.append("E:" + str(e))
    return errors


@feature("Exceptions", "variables that `try` didn't set: UnboundLocalError")
@programs(0)
@programs(3)
def maybe_unbound(n: int):
    try:
        y = 6 // n
    except ZeroDivisionError:
        pass
    return y


@feature("Exceptions", "`try` in `for`")
@programs(0)
@programs(3)
def maybe_in_loop(n: int):
    t = 0
    for i in range(2):
        try:
            z = 6 // n
        except ZeroDivisionError:
            t += 1
        if i == 1 and n != 0:
            t += z
    return t


@feature("Context managers", "variables set in `with`")
@programs(0, True)
@programs(1, True)
def manager_var(n: int, swallow: bool):
    with Mgr(swallow):
        y = 5 // n
    return y


@feature("Exceptions", "what inner bodies assign is seen by outer handlers")
@programs(-1)
@programs(1)
@programs(2)
@programs(3)
def assigned_far_inside(a: int):
    scale = 1.5
    notes: List[str] = []
    try:
        try:
            if a > 0:
                try:
                    if a > 1:
                        raise TypeError
                finally:
                    scale *= 2.0
            else:
                notes.append("q")
            if a > 2:
                raise TypeError
        except IndexError:
            notes.append("i")
        finally:
            notes.append("f")
    except TypeError:
        notes.append(str(scale))
    return scale, notes


@programs(0)
@programs(1)
@programs(2)
def one_name_in_nested_handlers(n: int):
    notes: List[str] = []
    for i in range(2):
        try:
            try:
                if n == i:
                    raise ValueError(str(i))
                notes.append("ab"[n])
            except ValueError as error:
                notes.append(str(error))
                if i == 1:
                    raise KeyError("k")
            notes.append("-")
        except (KeyError, IndexError) as error:
            notes.append(type(error).__name__)
    return notes


@programs(0)
@programs(2)
def assigned_behind_an_exception_only(n: int):
    try:
        d = [1, 2][n]
    except IndexError:
        pass
    else:
        if n >= 1:
            n = d
        else:
            return 7
    return n


@programs([1, 2, 3])
@programs([1, 2])
def unread_parts(l: List[int]):
    try:
        _a, _b = l
    except ValueError as error:
        return str(error)
    return "two"


@programs([1, 2, 3])
def unread_parts_uncaught(l: List[int]):
    _a, _b = l


@programs(torch.ones(2))
def unread_truth(x: torch.Tensor):
    bool(x)


@programs(0)
@programs(2)
def unread_divmod(n: int):
    _parts: Tuple[int, int] = divmod(3, n)


@programs(None, 1)
@programs("a", 200)
@programs("a", 1)
def refined_result(p: Optional[str], n: int):
    """Where nothing has been returned, the value that the body would have returned is nothing to convert."""
    try:
        if p is not None:
            if n > 100:
                return (p, [n])
    except IndexError:
        return (p, [0])
    return (p, [1])


@programs(None, 3)
@programs("a", 3)
def refined_result_in_loops(p: Optional[str], n: int):
    for i in range(n):
        for j in (i, i + 1):
            if j > n:
                if p is not None:
                    return (p, j)
        if i > 5:
            return (p, i)
    return (p, n)


@programs(1)
def assigned_where_nothing_gets(n: int):
    try:
        raise ValueError(str(n))
        v = 3
    except ValueError as error:
        w = str(error)
    if w == "":
        return v
    return n


@programs(0)
@programs(3)
def nested_deeply(n: int):
    """Each level is emitted once: emitted twice each, this would take minutes."""
    v = 0
    try:
        v += 1
        try:
            v += 1
            try:
                v += 1
                try:
                    v += 1
                    try:
                        v += 1
                        try:
                            v += 1
                            try:
                                v += 10 // n
                            except IndexError:
                                v = -1
                            finally:
                                v *= 2
                        except KeyError:
                            v = -2
                        finally:
                            v *= 2
                    except LookupError:
                        v = -3
                    finally:
                        v *= 2
                except ValueError:
                    v = -4
                finally:
                    v *= 2
            except OverflowError:
                v = -5
            finally:
                v *= 2
        except ArithmeticError:
            v += 1000
        finally:
            v += 1
    except RuntimeError:
        v = -7
    return v


@programs(X)
@programs(X[:1, :1])
def truth_of_a_tensor_that_nothing_needs(x):
    try:
        bool(x)
        if x > 100:
            pass
    except RuntimeError:
        return 1
    return 2


@programs([1, 2])
@programs([1])
def unpacked_for_nothing(l: List[int]):
    _a, _b = l
    return 1


@feature("Control flow", "reads of variables that loops, handlers and managers may have left unassigned")
@programs(0)
@programs(2)
def in_a_loop_of_a_loop(n: int):
    while True:
        for i in range(n):
            pass
        break
    return i


@programs(X)
def only_in_a_handler(x):
    try:
        pass
    except RuntimeError:
        z = x
    return z


@programs(0, True)
@programs(1, True)
@programs(0, False)
def in_a_loop_of_a_manager(n: int, swallow: bool):
    with Mgr(swallow):
        for _ in [1, 2]:
            y = 5 // n
    return y


@programs(0, 1)
@programs(2, 1)
@programs(1, 0)
def in_try_in_loops(n: int, m: int):
    for _ in range(2):
        for _ in range(2):
            try:
                y = 10 // n
                z = 10 // m
            except ZeroDivisionError:
                z = -1
    return y, z


@programs(0)
@programs(2)
def in_try_in_while(n: int):
    while True:
        try:
            r = div(n) // n
        except ZeroDivisionError:
            r = -1
        break
    return r


@feature("Type refinement", "the class of an exception by isinstance() and an early exit")
@programs(3)
def class_after_early_exit(n: int):
    kept: Any = None
    try:
        if n > 2:
            raise StopIteration(n)
    except Exception as error:
        if not isinstance(error, StopIteration):
            raise
        kept = error
        n = error.value
    if not isinstance(kept, StopIteration):
        raise TypeError("no exception")
    return n, str(kept.value), kept.args


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
