// What shoppers are shown, and what the recommender learns from: for those who look after its quality.

import type { Board } from './dashboard.ts';
import { rate, share } from './expressions.ts';

const ANSWERS = rate('freshet_answers_total', 'freshet_placement');

export const recommendations: Board = {
  name: 'recommendations',
  title: 'Freshet: recommendations',
  text: 'Answers by placement, how personal they are, and what events the recommender took in or passed over.',
  rows: [
    {
      title: 'Answers',
      charts: [
        {
          title: 'Answers, by placement',
          text: 'A batch counts each of its placements.',
          unit: 'ops',
          queries: [[ANSWERS, '{{freshet_placement}}']],
          isStacked: true,
        },
        {
          title: 'Personal answers',
          text: 'Share of answers whose first item came from a list of the visitor’s or the session’s own.',
          unit: 'percentunit',
          queries: [
            [
              share(rate('freshet_answers_total{freshet_rung=~"visitor|session"}', 'freshet_placement'), ANSWERS),
              '{{freshet_placement}}',
            ],
          ],
        },
        {
          title: 'Empty answers',
          text: 'Share of answers without an item. Right for “buy again” of a newcomer; elsewhere the fallbacks have nothing either.',
          unit: 'percentunit',
          queries: [
            [
              share(rate('freshet_answers_total{freshet_rung="none"}', 'freshet_placement'), ANSWERS),
              '{{freshet_placement}}',
            ],
          ],
        },
      ],
    },
    {
      title: 'What is learnt from',
      charts: [
        {
          title: 'Events of the shop',
          text: 'Records consumed, by topic.',
          unit: 'ops',
          queries: [
            [
              rate(
                'messaging_client_consumed_messages_total{messaging_destination_name=~"clicks|purchases|impressions|visitors|catalog|campaigns"}',
                'messaging_destination_name',
              ),
              '{{messaging_destination_name}}',
            ],
          ],
          isStacked: true,
        },
        {
          title: 'Events that changed less than they say',
          text: 'By reason: repeated, of a visitor without consent, of an item that is not known, and so on.',
          unit: 'ops',
          queries: [[rate('freshet_users_noted_total', 'freshet_note'), '{{freshet_note}}']],
        },
        {
          title: 'Impressions',
          text: 'What placements say that they have shown. Without them nothing is learnt from what was passed over.',
          unit: 'ops',
          queries: [[rate('freshet_users_impressions_total'), 'impressions']],
        },
      ],
    },
    {
      title: 'Lists',
      charts: [
        {
          title: 'Lists made anew in the background',
          text: 'Because items, campaigns or neighbours in them have changed, by owner.',
          unit: 'ops',
          queries: [[rate('freshet_refresh_lists_total', 'freshet_list_owner'), '{{freshet_list_owner}}']],
        },
        {
          title: 'Visitors whose lists wait for that',
          text: 'Falls to 0 unless changes come faster than FRESHET_REFRESH_LISTS_PER_SECOND.',
          unit: 'short',
          queries: [['sum(freshet_refresh_waiting)', 'waiting']],
        },
        {
          title: 'Items that no answer may show',
          text: 'Sold out, removed or excluded.',
          unit: 'short',
          queries: [['max(freshet_items_blocked)', 'blocked']],
        },
      ],
    },
  ],
};
