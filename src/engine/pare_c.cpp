// The C interface: exceptions end here, as text.

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/pare.h"
#include "engine/session.h"
#include "model/model.h"

struct pare_model {
  explicit pare_model(pare::model::Deployment deployment)
      : engine(std::move(deployment.program), std::move(deployment.interface)),
        input_size(static_cast<std::size_t>(pare::num_elements(engine.interface()->input_shape))),
        output_size(
            static_cast<std::size_t>(pare::num_elements(engine.interface()->output_shape))) {}

  pare::engine::Engine engine;
  std::size_t input_size;
  std::size_t output_size;
};

struct pare_session {
  pare_session(const pare_model& of, std::size_t num_threads)
      : model(of), session(of.engine, {.num_threads = num_threads}), codes(of.output_size) {}

  const pare_model& model;
  pare::engine::Session session;
  mutable std::vector<std::int64_t> codes;  ///< of one sample
};

namespace {

void write_error(const char* text, char* error, std::size_t error_size) {
  if (error == nullptr || error_size == 0) return;
  const std::size_t length = std::min(std::strlen(text), error_size - 1);
  std::memcpy(error, text, length);
  error[length] = '\0';
}

/// What `make` returns; NULL and a message if it throws.
template <class Make>
auto guarded(Make&& make, char* error, std::size_t error_size) -> decltype(make().release()) {
  try {
    return make().release();
  } catch (const std::exception& exception) {
    write_error(exception.what(), error, error_size);
  }
  return nullptr;
}

std::unique_ptr<pare_model> make_model(pare::model::Model model, const std::string& origin) {
  if (!model.deployment) {
    throw pare::InputError(fmt::format(
        "{}: holds a float graph and no integer program; freeze it, then save it", origin));
  }
  return std::make_unique<pare_model>(std::move(*model.deployment));
}

}  // namespace

const char* pare_status_text(pare_status status) {
  if (status == PARE_NO_ARGUMENT) return "a null pointer was given";
  if (status < PARE_OK || status > PARE_NO_ARGUMENT) return "an unknown status";
  return pare::engine::describe(static_cast<pare::engine::Status>(status)).data();
}

pare_model* pare_load(const char* path, char* error, size_t error_size) {
  return guarded(
      [&] {
        if (path == nullptr) throw pare::InputError("pare_load: no path");
        return make_model(pare::model::load(path), path);
      },
      error, error_size);
}

pare_model* pare_load_bytes(const void* bytes, size_t size, char* error, size_t error_size) {
  return guarded(
      [&] {
        if (bytes == nullptr) throw pare::InputError("pare_load_bytes: no bytes");
        const std::span<const std::byte> all(static_cast<const std::byte*>(bytes), size);
        return make_model(pare::model::parse(all, "model in memory"), "model in memory");
      },
      error, error_size);
}

void pare_free(pare_model* model) { delete model; }

size_t pare_input_size(const pare_model* model) { return model == nullptr ? 0 : model->input_size; }

size_t pare_output_size(const pare_model* model) {
  return model == nullptr ? 0 : model->output_size;
}

pare_session* pare_open(const pare_model* model, size_t num_threads, char* error,
                        size_t error_size) {
  return guarded(
      [&] {
        if (model == nullptr) throw pare::InputError("pare_open: no model");
        return std::make_unique<pare_session>(*model, num_threads);
      },
      error, error_size);
}

void pare_close(pare_session* session) { delete session; }

pare_status pare_run_f32(pare_session* session, const float* raw, int32_t* codes,
                         size_t num_samples) {
  if (session == nullptr || raw == nullptr || codes == nullptr) return PARE_NO_ARGUMENT;
  return static_cast<pare_status>(
      session->session.run(std::span(raw, num_samples * session->model.input_size),
                           std::span(codes, num_samples * session->model.output_size)));
}

pare_status pare_run_codes(pare_session* session, const int64_t* inputs, int64_t* outputs,
                           size_t num_samples) {
  if (session == nullptr || inputs == nullptr || outputs == nullptr) return PARE_NO_ARGUMENT;
  const std::span<const std::int64_t> from[] = {{inputs, num_samples * session->model.input_size}};
  const std::span<std::int64_t> to[] = {{outputs, num_samples * session->model.output_size}};
  return static_cast<pare_status>(session->session.run(num_samples, from, {}, to));
}

pare_status pare_values(const pare_session* session, const int32_t* codes, double* values,
                        size_t num_samples) {
  if (session == nullptr || codes == nullptr || values == nullptr) return PARE_NO_ARGUMENT;
  const std::size_t size = session->model.output_size;
  for (std::size_t s = 0; s < num_samples; ++s) {
    std::copy_n(codes + s * size, size, session->codes.begin());
    pare::lower::map_output(*session->model.engine.interface(), session->codes,
                            std::span(values + s * size, size));
  }
  return PARE_OK;
}
