// Complex vectors encrypted and added in C++.
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstdlib>

#include "blindfit/ckks.h"
#include "blindfit/owner.h"
#include "blindfit/server.h"

static void need(bf_status s)
{
    if (s == BF_OK) return;
    std::fprintf(stderr, "%s\n", bf_last_error());
    std::exit(1);
}

int main()
{
    bf_ckks_request request = {};
    bf_ckks *ckks = nullptr;
    bf_secret *secret = nullptr;
    bf_evaluator *ev = nullptr;
    bf_plain *plain = nullptr;
    bf_cipher *a = nullptr;
    request.largest = 4;
    need(bf_ckks_create(&ckks, &request));
    need(bf_secret_generate(&secret, ckks));
    need(bf_evaluator_create(&ev, ckks, nullptr));
    std::complex<double> values[2] = {{1, 0.5}, {0, -1.5}};
    unsigned level = bf_ckks_levels(ckks);
    need(bf_plain_encode_at(&plain, ckks, values, 2,
                            bf_ckks_scale(ckks, level), level));
    need(bf_secret_encrypt_plain(&a, secret, plain));
    need(bf_cipher_add(ev, &a, a, a));
    need(bf_secret_decrypt_plain(&plain, secret, a));
    need(bf_plain_decode_complex(values, 2, plain));
    for (int i = 0; i < 2; i++)
        std::printf("%s(%d,%d)", i ? " " : "",
                    static_cast<int>(std::lround(values[i].real())),
                    static_cast<int>(std::lround(values[i].imag())));
    std::printf("\n");
    bf_cipher_destroy(a);
    bf_plain_destroy(plain);
    bf_evaluator_destroy(ev);
    bf_secret_destroy(secret);
    bf_ckks_destroy(ckks);
}
