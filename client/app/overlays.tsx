import { type ComponentType, lazy, Suspense } from 'react';
import { useConversation } from '../store/conversations.ts';
import { closeOverlay, type Overlay } from '../store/route.ts';

/** Every dialog comes when it is first asked for. */
function dialog<P extends object>(load: () => Promise<ComponentType<P>>) {
  return lazy(async () => ({ default: await load() }));
}

export const Details = dialog(async () => (await import('../features/details/ui.tsx')).Details);
const Find = dialog(async () => (await import('../features/new-conversation/find.tsx')).FindDialog);
const PasteLink = dialog(async () => (await import('../features/new-conversation/paste-link.tsx')).PasteLinkDialog);
const Invite = dialog(async () => (await import('../features/new-conversation/links.tsx')).InviteDialog);
const MyLink = dialog(async () => (await import('../features/new-conversation/links.tsx')).MyLinkDialog);
const NewGroup = dialog(async () => (await import('../features/new-group/ui.tsx')).NewGroupDialog);
const AddMembers = dialog(async () => (await import('../features/new-group/ui.tsx')).AddMembersDialog);
const NameAdmin = dialog(async () => (await import('../features/details/name-admin.tsx')).NameAdminDialog);
const SafetyNumber = dialog(async () => (await import('../features/safety-number/ui.tsx')).SafetyNumberDialog);
const MessageInfo = dialog(async () => (await import('../features/message-info/ui.tsx')).MessageInfoDialog);
const Settings = dialog(async () => (await import('../features/settings/ui.tsx')).SettingsDialog);
const RecoveryKey = dialog(async () => (await import('../features/recovery-key/ui.tsx')).RecoveryKeyDialog);
const Palette = dialog(async () => (await import('../features/palette/ui.tsx')).PaletteDialog);
const Shortcuts = dialog(async () => (await import('../features/palette/shortcuts.tsx')).ShortcutsDialog);

function Shown({ overlay }: { overlay: Overlay }) {
  const conversation = useConversation(overlay.name === 'add-members' || overlay.name === 'name-admin' ? overlay.of : undefined);
  switch (overlay.name) {
    case 'find':
      return <Find onClose={closeOverlay} />;
    case 'paste-link':
      return <PasteLink onClose={closeOverlay} />;
    case 'invite':
      return <Invite onClose={closeOverlay} />;
    case 'my-link':
      return <MyLink onClose={closeOverlay} />;
    case 'new-group':
      return <NewGroup onClose={closeOverlay} />;
    case 'settings':
      return <Settings onClose={closeOverlay} />;
    case 'recovery-key':
      return <RecoveryKey onClose={closeOverlay} />;
    case 'palette':
      return <Palette onClose={closeOverlay} />;
    case 'shortcuts':
      return <Shortcuts onClose={closeOverlay} />;
    case 'safety-number':
      return <SafetyNumber accountId={overlay.of} onClose={closeOverlay} />;
    case 'message-info':
      return <MessageInfo id={overlay.of} onClose={closeOverlay} />;
    case 'add-members':
      return conversation ? <AddMembers conversation={conversation} onClose={closeOverlay} /> : null;
    case 'name-admin':
      return conversation ? <NameAdmin conversation={conversation} onClose={closeOverlay} /> : null;
  }
}

export const Overlays = ({ overlay }: { overlay: Overlay | undefined }) => (
  <Suspense fallback={null}>{overlay ? <Shown key={overlay.name} overlay={overlay} /> : null}</Suspense>
);
