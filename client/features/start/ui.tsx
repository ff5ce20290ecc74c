import { Check } from 'lucide-react';
import { words } from '../../ui/copy/common.ts';
import { door } from '../../ui/copy/door.ts';
import { Page } from '../../ui/page.tsx';
import { isUsername } from '../../ui/username.ts';
import { InviteField } from './invite-field.tsx';
import styles from './start.module.css';

const contactTitle = (name: string): string => (isUsername(name) ? door.contactTitleOf(name) : door.contactTitle);

/** Nobody is signed up here and there is no invite yet; a contact link may have led here. */
export const Start = ({ contact }: { contact: string | undefined }) => (
  <Page
    title={contact === undefined ? words.product : contactTitle(contact.split('/')[1] ?? '')}
    text={contact === undefined ? `${door.tagline} ${door.noInvite}` : door.contactText}
  >
    <InviteField />
    <ul className={styles['promises']}>
      {door.promises.map((promise) => (
        <li key={promise} className={styles['promise']}>
          <Check size={16} strokeWidth={2} aria-hidden />
          {promise}
        </li>
      ))}
    </ul>
  </Page>
);

export const BadInvite = () => (
  <Page title={door.badInviteTitle} text={door.badInvite}>
    <InviteField />
  </Page>
);
