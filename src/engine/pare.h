#ifndef PARE_ENGINE_PARE_H
#define PARE_ENGINE_PARE_H

/* pare's engine for C: loads a model (.pare) that holds an integer program and runs it.
 *
 *     char error[256];
 *     pare_model* model = pare_load("model.pare", error, sizeof error);
 *     pare_session* session = pare_open(model, 1, error, sizeof error);
 *     pare_run_f32(session, raw, codes, num_samples);
 *     pare_close(session);
 *     pare_free(model);
 *
 * A model never changes: any number of threads may open and use sessions of it. A session belongs
 * to one caller at a time. Running allocates nothing. Codes equal those of the reference
 * interpreter. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pare_model pare_model;
typedef struct pare_session pare_session;

typedef enum pare_status {
  PARE_OK = 0,
  PARE_WRONG_SIZE = 1,
  PARE_CODE_OUT_OF_RANGE = 2, /* an input code that the input's width does not hold */
  PARE_WRONG_TRIP_COUNT = 3,
  PARE_NO_INTERFACE = 4, /* output codes of more than 32 bits, where 32 are asked for */
  PARE_NO_ARGUMENT = 5   /* a null pointer */
} pare_status;

/* What a status means, for people. */
const char* pare_status_text(pare_status status);

/* Loads a model from a file or from memory, whose bytes are not needed afterwards. Returns NULL on
 * failure and writes why to `error` (cut to error_size bytes, terminated; NULL: not wanted). */
pare_model* pare_load(const char* path, char* error, size_t error_size);
pare_model* pare_load_bytes(const void* bytes, size_t size, char* error, size_t error_size);

/* Sessions must be closed before. NULL is allowed. */
void pare_free(pare_model* model);

/* Elements of one sample; 0 for NULL. */
size_t pare_input_size(const pare_model* model);
size_t pare_output_size(const pare_model* model);

/* The memory and the threads (1 ... 256) of one caller. Errors as in pare_load. */
pare_session* pare_open(const pare_model* model, size_t num_threads, char* error,
                        size_t error_size);
void pare_close(pare_session* session);

/* Raw samples [num_samples, input] to output codes [num_samples, output]. */
pare_status pare_run_f32(pare_session* session, const float* raw, int32_t* codes,
                         size_t num_samples);

/* Input codes [num_samples, input] to output codes [num_samples, output]. */
pare_status pare_run_codes(pare_session* session, const int64_t* inputs, int64_t* outputs,
                           size_t num_samples);

/* Output codes [num_samples, output] as values: scales, offsets and a softmax as the model has
 * them. */
pare_status pare_values(const pare_session* session, const int32_t* codes, double* values,
                        size_t num_samples);

#ifdef __cplusplus
}
#endif

#endif
