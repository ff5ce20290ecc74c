/** One thing that was looked at. `todo` says what to do about what is not well. */
export type Finding = { about: string; verdict: 'ok' | 'warning' | 'wrong'; said: string; todo?: string };

export function ok(about: string, said: string): Finding {
  return { about, verdict: 'ok', said };
}

export function warning(about: string, said: string, todo: string): Finding {
  return { about, verdict: 'warning', said, todo };
}

export function wrong(about: string, said: string, todo: string): Finding {
  return { about, verdict: 'wrong', said, todo };
}
