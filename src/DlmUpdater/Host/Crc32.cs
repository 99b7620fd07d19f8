namespace DlmUpdater.Host;

/// <summary>The CRC-32 of zip and Ethernet, bit by bit: for files of a few hundred bytes, against flipped bits, not against people.</summary>
internal static class Crc32
{
    /// <summary>The checksum of <paramref name="bytes"/>.</summary>
    internal static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }
        return ~crc;
    }
}
