INSERT INTO products (sku, name, price, currency) VALUES
    ('TEA-001', 'Assam, second flush', 12.00, 'EUR'),
    ('TEA-002', 'Darjeeling, first flush', 14.50, 'EUR'),
    ('TEA-003', 'Sencha, spring harvest', 11.20, 'EUR'),
    ('COF-001', 'Yirgacheffe, whole beans', 16.90, 'EUR'),
    ('COF-002', 'Espresso blend, whole beans', 15.40, 'EUR'),
    ('MUG-001', 'Stoneware mug', 9.90, 'EUR'),
    ('POT-001', 'Cast-iron tea pot', 34.00, 'EUR'),
    ('LTD-001', 'Gyokuro, numbered tin', 48.00, 'EUR');
