export { Dashboard } from './dashboard.js';
export type {
  DashboardGuard,
  DashboardOptions,
  DashboardPassword,
  DashboardUser,
} from './dashboard-options.js';
export { RedisStreamsDashboardModule } from './dashboard.module.js';
