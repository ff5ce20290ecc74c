import { Check } from 'lucide-react';
import { useState } from 'react';
import type { AccountId } from '../messenger/api.ts';
import { Avatar } from './avatar.tsx';
import { group } from './copy/group.ts';
import { Field } from './field.tsx';
import styles from './people-picker.module.css';

type Pickable = { accountId: AccountId; username: string };
type PeoplePickerProps = {
  people: readonly Pickable[];
  picked: readonly AccountId[];
  onChange: (picked: AccountId[]) => void;
  none: string;
};

/** A list of people to tick, with a filter above it when it is long enough to need one. */
export function PeoplePicker({ people, picked, onChange, none }: PeoplePickerProps) {
  const [filter, setFilter] = useState('');
  const shown = people.filter(({ username }) => username.includes(filter.trim().toLowerCase()));
  if (people.length === 0) return <p className={styles['none']}>{none}</p>;
  const toggle = (id: AccountId): void => onChange(picked.includes(id) ? picked.filter((one) => one !== id) : [...picked, id]);
  return (
    <fieldset className={styles['picker']}>
      <legend className={styles['legend']}>{group.people}</legend>
      {people.length > 6 ? <Field label={group.filter} value={filter} onChange={(event) => setFilter(event.target.value)} /> : null}
      <div className={styles['list']}>
        {shown.map(({ accountId, username }) => (
          <label key={accountId} className={styles['person']}>
            <input type="checkbox" className={styles['box']} checked={picked.includes(accountId)} onChange={() => toggle(accountId)} />
            <Avatar id={accountId} name={username} size={36} />
            <bdi className={styles['name']}>{username}</bdi>
            <span className={styles['tick']} aria-hidden>
              <Check size={16} strokeWidth={2.25} />
            </span>
          </label>
        ))}
        {shown.length === 0 ? <p className={styles['none']}>{group.noMatch}</p> : null}
      </div>
    </fieldset>
  );
}
