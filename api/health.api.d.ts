// What nestjs-redis-streams/health exports. Printed by `npm run api`, and compared in CI.
