#pragma once

/// Under a sanitizer the reference takes five to ten times as long, and so does everything that is
/// held against it. What random programs can reach there, a tenth of them reach, too: tests divide
/// the number of their programs by `kShare`. How often each kernel must have run is what the other
/// builds hold them to.

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

/// Of what at least `count` of all programs do: how many of the share must, which varies more.
constexpr int at_least(int count) { return kIsSanitized ? count / (4 * kShare) : count; }

}  // namespace pare
