using System.Globalization;
using System.Text;

namespace DlmUpdater.Locks.Http;

/// <summary>The head of an answer, as far as it matters here.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Location">The value of the Location header; null if there is none.</param>
/// <param name="RetryAfter">The value of the Retry-After header; null if there is none.</param>
/// <param name="Date">The value of the Date header; null if there is none.</param>
internal sealed record HttpHead(int Status, string? Location, string? RetryAfter = null, string? Date = null);

/// <summary>Reads the answers of an HTTP/1.1 server (RFC 9112) from a connection: head, then the body piece by piece, whole or in chunks,
/// trailers included. It believes no length that it is told beyond its own limits. A server that does not keep the rules is an
/// <see cref="InvalidDataException"/>, one that stops in the middle an <see cref="EndOfStreamException"/>.</summary>
internal sealed class HttpReader(Stream stream)
{
    /// <summary>A longer head is no head, in bytes.</summary>
    internal const int LongestHead = 64 * 1024;

    private readonly byte[] _buffer = new byte[8 * 1024];
    private readonly StringBuilder _line = new();
    private int _start;
    private int _end;
    private int _headBytes;
    private Framing _framing;
    private long _left;
    private bool _isInChunk;
    private bool _goesOnAfterBody;

    private enum Framing
    {
        /// <summary>The body is over.</summary>
        Done,

        /// <summary>So many bytes are left.</summary>
        Counted,

        /// <summary>Inside a chunk, or before the next.</summary>
        Chunked,

        /// <summary>Up to the end of the connection.</summary>
        UntilClose,
    }

    /// <summary>True if another request may follow on this connection.</summary>
    internal bool CanGoOn { get; private set; }

    /// <summary>True if bytes are here that nobody has asked for.</summary>
    internal bool HasMore => _start < _end;

    /// <summary>The next head; null if the connection ended before its first byte. Preliminary answers (1xx) are passed over.</summary>
    internal async ValueTask<HttpHead?> Head(CancellationToken cancel)
    {
        CanGoOn = false;
        _headBytes = 0;
        if (!HasMore && !await Fill(cancel)) return null;
        while (true)
        {
            string first = await HeadLine(cancel);
            if (!first.StartsWith("HTTP/1.", StringComparison.Ordinal) || first.Length < 12 || first[8] != ' ' || (first.Length > 12 && first[12] != ' ')
                || !int.TryParse(first.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status) || status < 100)
            {
                throw new InvalidDataException($"it says '{OneLine.Of(first)}'");
            }

            HttpHead head = await Fields(status, isOld: first[7] == '0', cancel);
            if (status >= 200) return head;
            if (status == 101) throw new InvalidDataException("it changes the protocol unasked");
        }
    }

    /// <summary>The next piece of the body, which stays as it is until the next call; empty at the end.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> Piece(CancellationToken cancel)
    {
        switch (_framing)
        {
            case Framing.Done:
                return default;
            case Framing.UntilClose:
                return HasMore || await Fill(cancel) ? Take(int.MaxValue) : default;
            case Framing.Chunked when _left == 0 && !await NextChunk(cancel):
                return default;
            default:
                if (!HasMore && !await Fill(cancel)) throw new EndOfStreamException();
                ReadOnlyMemory<byte> piece = Take(_left);
                _left -= piece.Length;
                if (_left > 0) return piece;
                if (_framing == Framing.Counted) End();
                return piece;
        }
    }

    private async ValueTask<HttpHead> Fields(int status, bool isOld, CancellationToken cancel)
    {
        string? location = null, retryAfter = null, date = null;
        long? length = null;
        bool isChunked = false, closes = isOld;
        while (await HeadLine(cancel) is { Length: > 0 } line)
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0) throw new InvalidDataException($"it sends the header '{OneLine.Of(line)}'");
            string value = line[(colon + 1)..].Trim();
            switch (line[..colon].ToLowerInvariant())
            {
                case "location":
                    location = value;
                    break;
                case "retry-after":
                    retryAfter = value;
                    break;
                case "date":
                    date = value;
                    break;
                case "connection":
                    closes |= value.Contains("close", StringComparison.OrdinalIgnoreCase);
                    break;
                case "transfer-encoding":
                    if (!value.Equals("chunked", StringComparison.OrdinalIgnoreCase)) throw new InvalidDataException($"it encodes with '{OneLine.Of(value)}', unasked");
                    isChunked = true;
                    break;
                case "content-length":
                    if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) || (length ?? bytes) != bytes)
                        throw new InvalidDataException($"it gives the length '{OneLine.Of(value)}'");
                    length = bytes;
                    break;
            }
        }

        CanGoOn = !closes && status >= 200;
        (_framing, _left) = status switch
        {
            < 200 or 204 or 304 => (Framing.Done, 0),
            _ when isChunked => (Framing.Chunked, 0),
            _ when length is { } known => (known == 0 ? Framing.Done : Framing.Counted, known),
            _ => (Framing.UntilClose, 0),
        };
        // While a body is open nothing may follow it.
        if (_framing != Framing.Done) (CanGoOn, _goesOnAfterBody) = (false, CanGoOn && _framing != Framing.UntilClose);
        return new HttpHead(status, location, retryAfter, date);
    }

    private void End() => (_framing, CanGoOn) = (Framing.Done, _goesOnAfterBody);

    /// <summary>False at the end of the body.</summary>
    private async ValueTask<bool> NextChunk(CancellationToken cancel)
    {
        if (_isInChunk && (await Line(cancel)).Length > 0) throw new InvalidDataException("it does not end a chunk");
        string size = (await Line(cancel)).Split(';')[0].Trim();
        if (size.Length > 15 || !long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left))
            throw new InvalidDataException($"it gives a chunk the size '{OneLine.Of(size)}'");
        _isInChunk = _left > 0;
        if (_isInChunk) return true;
        _headBytes = 0;
        while ((await HeadLine(cancel)).Length > 0)
        {
            // Trailers say nothing that counts here.
        }

        End();
        return false;
    }

    private async ValueTask<string> HeadLine(CancellationToken cancel)
    {
        string line = await Line(cancel);
        _headBytes += line.Length + 2;
        return _headBytes <= LongestHead ? line : throw new InvalidDataException($"its head is longer than {LongestHead / 1024} KiB");
    }

    /// <summary>One line without its end.</summary>
    private async ValueTask<string> Line(CancellationToken cancel)
    {
        _line.Clear();
        while (true)
        {
            if (!HasMore && !await Fill(cancel)) throw new EndOfStreamException();
            int at = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            ReadOnlyMemory<byte> part = Take(at < 0 ? int.MaxValue : at + 1);
            _line.Append(Encoding.Latin1.GetString(part.Span));
            if (_line.Length > LongestHead) throw new InvalidDataException($"a line is longer than {LongestHead / 1024} KiB");
            if (at < 0) continue;
            _line.Length -= _line.Length > 1 && _line[^2] == '\r' ? 2 : 1;
            return _line.ToString();
        }
    }

    private ReadOnlyMemory<byte> Take(long atMost)
    {
        int length = (int)Math.Min(atMost, _end - _start);
        ReadOnlyMemory<byte> taken = _buffer.AsMemory(_start, length);
        _start += length;
        return taken;
    }

    private async ValueTask<bool> Fill(CancellationToken cancel)
    {
        _start = 0;
        _end = await stream.ReadAsync(_buffer, cancel);
        return _end > 0;
    }
}
