export { DEFINITIONS, GLOBAL_STORES, LISTS_SINK, NODES, STORES, TOPICS } from './names.ts';
export { buildRecommendationTopology } from './recommendations.ts';
export {
  DEFAULT_LIST_SETTINGS,
  type ListMakers,
  type ListSettings,
  type RecommendationOptions,
} from './settings.ts';
