// Stands in for libsignal's fallback where there is no WebCrypto; without WebCrypto this client says so and does not start.
export default {};
