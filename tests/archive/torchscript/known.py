"""Programs of other tests that don't come out of a TorchScript archive equal, by the reason: what the slow sweep finds.

The tests are named from `tests/conformance/language/` on.
"""

from typing import Dict, Tuple

FOLDER = "tests/conformance/language/"
KNOWN: Dict[str, Dict[str, Tuple[str, ...]]] = {
    "out": {
        "torch.jit makes a bool of an argument that is declared as one": (
            "test_as_torch_jit_takes_it.py::test_numbers_for_a_bool_are_taken_by_their_truth[written]",
        ),
        "the sweep calls `forward` of what is a method": (
            "test_callables.py::test_methods_of_modules[written]",
            "test_callables.py::test_a_method_follows_the_mode_of_its_module[written]",
        ),
        "torch.jit copies dicts that it is given: one that is passed twice is two": (
            "test_collections.py::test_program[written-dict_arguments-12]",
            "test_collections.py::test_program[written-dict_arguments-13]",
            "test_outside_rebound.py::test_one_dict_as_two_arguments[written]",
        ),
        "the default dtype is set between saving and calling, and torch.jit has no complex data for float64": (
            "test_default_dtype.py::test_default_dtype[written-(0, 1, 0)]",
            "test_default_dtype.py::test_default_dtype[written-(1, 0, 1, 1)]",
            "test_default_dtype.py::test_default_dtype[written-(2, 0, 2)]",
            "test_default_dtype.py::test_complex_numbers_have_parts_of_the_default_dtype[written]",
        ),
        "torch.jit drops what nothing reads, even if it raises": (
            "test_exceptions.py::test_same_as_python[written-unread_parts_uncaught-45]",
            "test_exceptions.py::test_same_as_python[written-unread_truth-46]",
            "test_exceptions.py::test_same_as_python[written-unread_divmod-48]",
            "test_exceptions.py::test_same_as_python[written-unpacked_for_nothing-59]",
        ),
        "torch.jit has no compiled class for an object of Python's": (
            "test_interfaces.py::test_objects_from_outside[written-one-<lambda>0]",
            "test_interfaces.py::test_objects_from_outside[written-one-<lambda>1]",
            "test_interfaces.py::test_objects_from_outside[written-several-<lambda>0]",
            "test_interfaces.py::test_objects_from_outside[written-several-<lambda>1]",
            "test_interfaces.py::test_compiled_modules_from_outside[written]",
        ),
        "the sweep compares names of a state that the swap has changed": (
            "test_interfaces.py::test_a_swapped_submodule[written]",
        ),
        "the sweep passes copies of the weights": ("test_links.py::test_arguments_that_are_weights[written-as_it_is]",),
        "hooks are in `forward` of an archive, which the test calls by its name": (
            "test_modules_language.py::test_forward_hooks[written]",
        ),
        "torch.jit's operator doesn't look for overlaps here": (
            "test_mutation.py::test_writes_that_torch_forbids[written-shifted_out]",
        ),
        "torch.jit's copy_ takes no overlapping tensor that has to be expanded": (
            "test_mutation.py::test_writes_that_torch_allows[written-row_onto_itself]",
        ),
        "a value that is assigned can't have more dimensions than its place": (
            "test_mutation.py::test_indices_that_are_tensors[written-numbers_as_indices-more0]",
            "test_mutation.py::test_indices_that_are_tensors[written-numbers_as_indices-more1]",
            "test_mutation.py::test_assignments_expand[written]",
        ),
        "an integer tensor without dimensions as an index gives a copy": (
            "test_mutation.py::test_indices_that_are_tensors[written-unknown_indices-more2]",
            "test_mutation.py::test_indices_that_are_tensors[written-unknown_indices-more3]",
        ),
        "torch.jit makes a tensor of the number, of another dtype than eager mode": (
            "test_mutation.py::test_out_of_another_dtype_with_numbers[written-dtype0]",
        ),
        "torch.jit has no tensor() of nested lists that are empty": (
            "test_older_forms.py::test_constructors[written-of_data]",
            "test_resizing.py::test_out_gives_a_tensor_the_sizes_of_the_result[written]",
        ),
        "torch has tensors of dtypes that tsir refuses": (
            "test_other_code.py::test_tensors_of_such_dtypes_are_refused[written]",
        ),
        "torch changes sizes of tensors in lists, which tsir refuses": (
            "test_resizing.py::test_a_tensor_in_a_list_is_refused[written]",
        ),
        "torch.jit takes a float tensor for an int": (
            "test_tensors_as_numbers.py::test_one_number_or_torch_exception[written-torch.float32(1,)-index]",
            "test_tensors_as_numbers.py::test_one_number_or_torch_exception[written-torch.float32(1,)-numbers]",
        ),
    },
    "in": {
        "two classes of one name in one trace": ("test_declared_modules.py::test_compiled_children[written-scripted]",),
        "the program is another in torch.jit than in eager mode, and torch.jit isn't given NumPy's arrays": (
            "test_random_mutation.py::test_variables_at_the_end[43]",
        ),
    },
}
