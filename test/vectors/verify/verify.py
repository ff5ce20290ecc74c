#!/usr/bin/env python3
"""Checks the test vectors a second time, from the format pages, in another language: Debian's python3-cryptography and nothing of the product.

    python3 verify.py [--dir FOLDER] [--wordlist FILE] [--self-test] [family ...]

ML-KEM is not in that library: what it computes is taken from the case, and everything after it is checked. The list of BIP-39's words is not
carried here: without --wordlist (2,048 lines) the cases that need it are not run. --self-test turns one digit in one case of each family, in
one failure class, and in the input of one case that must be refused, and must see each.
"""
import argparse
import copy
import hashlib
import json
import pathlib
import re
import sys

import accounts
import content
import groups
import seals
import sessions
from primitives import Refused

FAMILIES = {
    'xeddsa': accounts.xeddsa, 'genesis': accounts.genesis, 'recovery-key': accounts.recovery_key, 'device-record': accounts.device_record,
    'prekey-bundle': accounts.prekey_bundle, 'device-list': accounts.device_list, 'safety-number': accounts.safety_number,
    'aead': seals.aead, 'padding': seals.padding, 'pairwise-seal': seals.pairwise_seal, 'group-seal': seals.group_seal,
    'content': content.content, 'attachment': seals.attachment, 'backup-header': seals.backup_header,
    'linking': accounts.linking,
    'x3dh': sessions.x3dh, 'double-ratchet': sessions.double_ratchet, 'sender-key': sessions.sender_key, 'group-log': groups.group_log,
}
# Text that happens to be hex stays text; the schemas say which fields are which.
TEXT = {'label', 'signedFor', 'shownFor', 'text', 'op', 'by', 'error', 'role', 'compared', 'applied', 'result', 'digits', 'name', 'accountIdText', 'ourIdText', 'theirIdText', 'words', 'code', 'form', 'certificate'}
# How long our encoding of a session is: no page says what it holds.
OURS = {'sessionBytes'}


def decoded(value, name=''):
    if isinstance(value, dict):
        return {key: decoded(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [decoded(inner, name) for inner in value]
    if isinstance(value, str) and name not in TEXT:
        return bytes.fromhex(value)
    return value


def difference(expected, actual, path=''):
    """The first field of `expected` that is not what was computed."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key in OURS:
                continue
            # While the sessions are several, a case shows fewer fields than can be computed; never others.
            found = difference(value, actual[key], f'{path}.{key}') if key in actual else f'{path}.{key}'
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return f'{path}: length'
        return next((found for n, pair in enumerate(zip(expected, actual)) if (found := difference(*pair, f'{path}[{n}]'))), None)
    return None if expected == actual else path or 'the output'


def check(family, kind, case):
    """None when it agrees, False when it cannot be run here, else what is wrong."""
    expected = decoded(case.get('expected')) if 'expected' in case else None
    given = decoded(case['input'])
    try:
        extra = (expected,) if family == 'pairwise-seal' else ()
        out = FAMILIES[family](kind, given, *extra)
    except Refused as error:
        if case['result'] == 'valid':
            return f'refused as {error}'
        return None if str(error) == case['error'] else f'refused as {error}, not as {case["error"]}'
    if out is None:
        return False
    if case['result'] == 'invalid':
        return 'accepted'
    where = difference(expected, out)
    return f'gives something else for {where}' if where else None


def text_of(value): return json.dumps(value, separators=(',', ':'), ensure_ascii=False)


def shown(text): return text if len(text) <= 64 else 'sha256:' + hashlib.sha256(text.encode()).hexdigest()


def shared(was, now, unit=1):
    shorter, start, end = min(len(was), len(now)), 0, 0
    while start < shorter and was[start] == now[start]:
        start += 1
    start -= start % unit
    while end < shorter - start and was[-1 - end] == now[-1 - end]:
        end += 1
    return start, end - end % unit


def middle(row, start, end): return row[start:len(row) - end]


def differences(was, now, field=''):
    """What stands otherwise in two inputs: README.md, "One case"."""
    if was == now and text_of(was) == text_of(now):
        return []
    if isinstance(was, str) and isinstance(now, str):
        unit = 2 if all(re.fullmatch(r'(?:[0-9a-f]{2})*', text) for text in (was, now)) else 1
        start, end = shared(was, now, unit)
        return [{'field': field, 'at': start // unit, 'was': shown(middle(was, start, end)), 'is': shown(middle(now, start, end))}]
    if isinstance(was, list) and isinstance(now, list):
        if len(was) != len(now):
            start, end = shared(was, now)
            return [{'field': field, 'at': start, 'was': shown(text_of(middle(was, start, end))), 'is': shown(text_of(middle(now, start, end)))}]
        was, now = ({str(n): value for n, value in enumerate(row)} for row in (was, now))
    if isinstance(was, dict) and isinstance(now, dict) and was.keys() == now.keys():
        return [one for key in was for one in differences(was[key], now[key], f'{field}.{key}' if field else key)]
    return [{'field': field, 'was': shown(text_of(was)), 'is': shown(text_of(now))}]


def strayed(case, cases):
    """What is wrong with an invalid case's neighbour, or None."""
    differs = case['differs']
    near = [one for _, one in cases if one['tcId'] == differs['from'] and one['result'] == 'valid']
    if not near:
        return 'differs from no valid case'
    return None if differences(near[0]['input'], case['input']) == differs['in'] else f'differs from case {differs["from"]} otherwise than it says'


def manifest_agrees(folder):
    for line in (folder / 'SHA256SUMS').read_text().splitlines():
        digest, name = re.fullmatch(r'([0-9a-f]{64})  ([a-z0-9-]+\.json)', line).groups()
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            print(f'{name} is not what SHA256SUMS says')
            return False
    return True


def run(folder, names):
    totals = [0, 0, 0, 0]
    print(f'{"family":16}{"cases":>7}{"checked":>9}{"passed":>8}')
    for name in names:
        cases = [(group['type'], case) for group in json.loads((folder / f'{name}.json').read_text())['testGroups'] for case in group['tests']]
        checked = passed = 0
        for kind, case in cases:
            wrong = (case['result'] == 'invalid' and strayed(case, cases)) or check(name, kind, case)
            if wrong is False:
                continue
            checked += 1
            passed += wrong is None
            if wrong:
                print(f'FAILED {name} {case["tcId"]}, "{case["comment"]}": {wrong}')
        print(f'{name:16}{len(cases):7}{checked:9}{passed:8}' + (f'   {len(cases) - checked} not run here' if checked < len(cases) else ''), flush=True)
        totals = [a + b for a, b in zip(totals, (len(cases), checked, passed, checked - passed))]
    print('verify: {} cases, {} checked, {} passed, {} failed'.format(*totals))
    return totals[3] == 0 and totals[1] > 0


def planted(value):
    """The same with the last digit of its first long hex text turned, or None."""
    if isinstance(value, str) and re.fullmatch(r'(?:[0-9a-f]{2}){16,}', value):
        return value[:-1] + format(int(value[-1], 16) ^ 1, 'x')
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if key in OURS:
            continue
        changed = planted(inner)
        if changed is not None:
            out = copy.deepcopy(value)
            out[key] = changed
            return out
    return None


def self_test(folder, names):
    missed = []
    for name in names:
        cases = [(group['type'], case) for group in json.loads((folder / f'{name}.json').read_text())['testGroups'] for case in group['tests']]
        runnable = [(kind, case) for kind, case in cases if check(name, kind, case) is None]
        kind, case = next((k, c) for k, c in runnable if c['result'] == 'valid' and planted(c['expected']) is not None)
        if check(name, kind, {**case, 'expected': planted(case['expected'])}) is None:
            missed.append(f'{name}: a changed digit')
        kind, case = next((k, c) for k, c in runnable if c['result'] == 'invalid')
        if check(name, kind, {**case, 'error': 'another-class'}) is None:
            missed.append(f'{name}: a changed failure class')
        if strayed({**case, 'input': planted(case['input'])}, cases) is None:
            missed.append(f'{name}: a changed digit in what must be refused')
    print('\n'.join(f'MISSED {one}' for one in missed) or f'self-test: {3 * len(names)} planted, all found')
    return not missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--dir', type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / 'ours')
    parser.add_argument('--wordlist', type=pathlib.Path)
    parser.add_argument('--self-test', action='store_true')
    parser.add_argument('family', nargs='*', choices=[*FAMILIES, []], default=[])
    args = parser.parse_args()
    if args.wordlist:
        accounts.WORDS.extend(args.wordlist.read_text().split())
    names = args.family or list(FAMILIES)
    if not manifest_agrees(args.dir):
        return 1
    return 0 if (self_test if args.self_test else run)(args.dir, names) else 1


if __name__ == '__main__':
    sys.exit(main())
