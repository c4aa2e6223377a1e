/* BF_SANITIZED where AddressSanitizer watches: malloc is its own, and
 * everything takes several times as long. */
#ifndef TESTS_SANITIZED_H
#define TESTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define BF_SANITIZED
#elif defined(__has_feature) /* clang's way to say it */
#if __has_feature(address_sanitizer)
#define BF_SANITIZED
#endif
#endif

#endif
