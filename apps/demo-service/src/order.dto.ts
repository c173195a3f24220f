import { IsInt, IsNotEmpty, IsPositive, IsString, Max } from 'class-validator';

export class OrderDto {
  @IsString()
  @IsNotEmpty()
  id: string;
}

export class OrderLineDto extends OrderDto {
  @IsInt()
  @IsPositive()
  @Max(1000)
  quantity: number;
}
