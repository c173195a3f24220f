import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';

@Controller()
export class EchoController {
  @MessagePattern('echo')
  echo(data: unknown): unknown {
    return data;
  }
}
