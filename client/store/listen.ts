import type { Messenger, MessengerEvent } from '../messenger/api.ts';
import { dropConversation, forgetConversations, putConversation } from './conversations.ts';
import { setMessenger } from './messenger.ts';
import { closeConversation, currentRoute } from './route.ts';
import { useSession } from './session.ts';
import { dropMessages, forgetTimelines, putMessages } from './timelines.ts';

function apply(event: MessengerEvent): void {
  switch (event.type) {
    case 'phase':
      // Nothing readable stays on the page once the vault is closed.
      if (event.phase.phase !== 'open') {
        forgetConversations();
        forgetTimelines();
      }
      return useSession.setState({ phase: event.phase, progress: undefined });
    case 'connection':
      return useSession.setState({ connection: event.connection });
    case 'progress':
      return useSession.setState({ progress: event.done });
    case 'conversation':
      return putConversation(event.conversation);
    case 'conversation-gone':
      dropConversation(event.id);
      // Left in the address it would open by itself if that person wrote again.
      if (currentRoute().conversation === event.id) closeConversation();
      return;
    case 'messages':
      return putMessages(event.conversationId, event.messages);
    case 'messages-gone':
      return dropMessages(event.conversationId, event.ids);
  }
}

/** From here on the stores follow the engine. */
export function listen(messenger: Messenger): void {
  setMessenger(messenger);
  messenger.subscribe(apply);
}
