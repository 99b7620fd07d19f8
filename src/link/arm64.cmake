# How the base library's OpenSSL shim is compiled for arm64 on another machine. DLM_OPENSSL is where OpenSSL's arm64 package was unpacked.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(OPENSSL_INCLUDE_DIR $ENV{DLM_OPENSSL}/usr/include)
set(OPENSSL_SSL_LIBRARY $ENV{DLM_OPENSSL}/usr/lib/aarch64-linux-gnu/libssl.a)
set(OPENSSL_CRYPTO_LIBRARY $ENV{DLM_OPENSSL}/usr/lib/aarch64-linux-gnu/libcrypto.a)
set(CMAKE_C_FLAGS_INIT "-I$ENV{DLM_OPENSSL}/usr/include/aarch64-linux-gnu")
