/** Byte 0 of every frame: how frames are laid out. */
export const FRAME_VERSION = 1;

/** Versions of the conversation between client and relay; `hello` offers a range, `welcome` names the one chosen. */
export const PROTOCOL_MIN = 1;
export const PROTOCOL_MAX = 1;
