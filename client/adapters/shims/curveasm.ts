// Stands in for the asm.js curve that libsignal starts loading at import: ours is handed in, so this one never answers.
const loadCurve = (): Promise<never> => new Promise(() => {});
export default loadCurve;
