// Runs a compiled model from C, with IREE's runtime alone: no Python, no torch, no tsir.
//
//   run_model MODEL.vmfb FUNCTION 2x10 < input.f32 > output.f32
//
// FUNCTION takes one float32 tensor of the given sizes and gives float32 tensors; input.f32 and output.f32 are their elements in
// order, as numpy.ndarray.tofile writes them. The sizes of the results go to standard error. README.md beside this file says how
// the model is made and this program is built.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iree/runtime/api.h"

#define MAX_RANK 8

// "2x10" to {2, 10}; gives the rank, or 0 when the text is no shape.
static size_t parse_shape(const char* text, iree_hal_dim_t shape[MAX_RANK]) {
  size_t rank = 0;
  for (char* end = NULL; rank < MAX_RANK; text = end + 1) {
    shape[rank++] = (iree_hal_dim_t)strtoul(text, &end, 10);
    if (end == text) return 0;
    if (*end != 'x') return *end ? 0 : rank;
  }
  return 0;
}

// Reads the elements of the argument from standard input and appends the tensor to the call.
static iree_status_t push_input(iree_runtime_session_t* session, iree_runtime_call_t* call, size_t rank,
                                const iree_hal_dim_t* shape) {
  size_t count = 1;
  for (size_t i = 0; i < rank; ++i) count *= shape[i];
  float* data = malloc(count * sizeof(float));
  if (!data || fread(data, sizeof(float), count, stdin) != count) {
    free(data);
    return iree_make_status(IREE_STATUS_INVALID_ARGUMENT, "expected %zu floats on standard input", count);
  }
  iree_hal_buffer_params_t params = {
      .type = IREE_HAL_MEMORY_TYPE_DEVICE_LOCAL,
      .access = IREE_HAL_MEMORY_ACCESS_ALL,
      .usage = IREE_HAL_BUFFER_USAGE_DEFAULT,
  };
  iree_hal_buffer_view_t* view = NULL;
  iree_status_t status = iree_hal_buffer_view_allocate_buffer_copy(
      iree_runtime_session_device(session), iree_runtime_session_device_allocator(session), rank, shape,
      IREE_HAL_ELEMENT_TYPE_FLOAT_32, IREE_HAL_ENCODING_TYPE_DENSE_ROW_MAJOR, params,
      iree_make_const_byte_span(data, count * sizeof(float)), &view);
  if (iree_status_is_ok(status)) status = iree_runtime_call_inputs_push_back_buffer_view(call, view);
  iree_hal_buffer_view_release(view);
  free(data);
  return status;
}

// Writes the next result of the call to standard output, its sizes to standard error.
static iree_status_t write_output(iree_runtime_session_t* session, iree_runtime_call_t* call) {
  iree_hal_buffer_view_t* view = NULL;
  IREE_RETURN_IF_ERROR(iree_runtime_call_outputs_pop_front_buffer_view(call, &view));
  iree_status_t status = iree_ok_status();
  if (iree_hal_buffer_view_element_type(view) != IREE_HAL_ELEMENT_TYPE_FLOAT_32) {
    status = iree_make_status(IREE_STATUS_UNIMPLEMENTED, "a result isn't float32");
  }
  iree_device_size_t length = iree_hal_buffer_view_byte_length(view);
  void* data = malloc(length ? length : 1);
  if (iree_status_is_ok(status)) {
    status = iree_hal_device_transfer_d2h(iree_runtime_session_device(session), iree_hal_buffer_view_buffer(view), 0, data,
                                          length, IREE_HAL_TRANSFER_BUFFER_FLAG_DEFAULT, iree_infinite_timeout());
  }
  if (iree_status_is_ok(status)) {
    fwrite(data, 1, length, stdout);
    for (iree_host_size_t i = 0; i < iree_hal_buffer_view_shape_rank(view); ++i) {
      fprintf(stderr, i ? "x%zu" : "%zu", (size_t)iree_hal_buffer_view_shape_dim(view, i));
    }
    fprintf(stderr, "\n");
  }
  free(data);
  iree_hal_buffer_view_release(view);
  return status;
}

static iree_status_t run(iree_runtime_session_t* session, const char* file, const char* function, size_t rank,
                         const iree_hal_dim_t* shape) {
  IREE_RETURN_IF_ERROR(iree_runtime_session_append_bytecode_module_from_file(session, file));
  char name[256];
  snprintf(name, sizeof(name), "module.%s", function);
  iree_runtime_call_t call;
  IREE_RETURN_IF_ERROR(iree_runtime_call_initialize_by_name(session, iree_make_cstring_view(name), &call));
  iree_status_t status = push_input(session, &call, rank, shape);
  if (iree_status_is_ok(status)) status = iree_runtime_call_invoke(&call, /*flags=*/0);
  while (iree_status_is_ok(status) && iree_vm_list_size(iree_runtime_call_outputs(&call)) > 0) {
    status = write_output(session, &call);
  }
  iree_runtime_call_deinitialize(&call);
  return status;
}

int main(int argc, char** argv) {
  iree_hal_dim_t shape[MAX_RANK];
  size_t rank = argc == 4 ? parse_shape(argv[3], shape) : 0;
  if (!rank) {
    fprintf(stderr, "usage: %s MODEL.vmfb FUNCTION 2x10 < input.f32 > output.f32\n", argv[0]);
    return 2;
  }
  // One instance for the process, one session for each model with its state; calls of a session aren't concurrent.
  iree_runtime_instance_options_t instance_options;
  iree_runtime_instance_options_initialize(&instance_options);
  iree_runtime_instance_options_use_all_available_drivers(&instance_options);
  iree_runtime_instance_t* instance = NULL;
  iree_hal_device_t* device = NULL;
  iree_runtime_session_t* session = NULL;
  iree_status_t status = iree_runtime_instance_create(&instance_options, iree_allocator_system(), &instance);
  if (iree_status_is_ok(status)) {
    status = iree_runtime_instance_try_create_default_device(instance, iree_make_cstring_view("local-sync"), &device);
  }
  if (iree_status_is_ok(status)) {
    iree_runtime_session_options_t session_options;
    iree_runtime_session_options_initialize(&session_options);
    status = iree_runtime_session_create_with_device(instance, &session_options, device,
                                                     iree_runtime_instance_host_allocator(instance), &session);
  }
  if (iree_status_is_ok(status)) status = run(session, argv[1], argv[2], rank, shape);
  iree_runtime_session_release(session);
  iree_hal_device_release(device);
  iree_runtime_instance_release(instance);
  if (iree_status_is_ok(status)) return 0;
  iree_status_fprint(stderr, status);
  iree_status_free(status);
  return 1;
}
