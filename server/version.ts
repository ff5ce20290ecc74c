/** As in package.json; a test keeps them the same. */
export const RELAY_VERSION = '0.1.0';
