#pragma once

/// Under a sanitizer the reference takes five to ten times as long, and so does everything that is
/// held against it. What random programs can reach there, a tenth of them reach: tests divide the
/// number of their programs, and what they expect of these together, by `kShare`.

namespace pare {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif
#else
inline constexpr bool kIsSanitized = false;
#endif

inline constexpr int kShare = kIsSanitized ? 10 : 1;

}  // namespace pare
